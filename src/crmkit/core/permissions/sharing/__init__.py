"""Sharing: one record, with one actor or team."""
