"""Machinery that knows no CRM noun."""
