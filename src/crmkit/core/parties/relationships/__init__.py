"""Relationships: typed, dated links between two parties, seen from both ends."""
