"""Moods: how a party felt when we dealt with it, and what it needs."""
