"""Decisions about any record: what was decided, on which basis, by whom."""
