"""Criteria that are kept under a name, shared, and run with the rights of whoever looks."""
