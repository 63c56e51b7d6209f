"""Trends: how satisfaction goes, month by month."""
