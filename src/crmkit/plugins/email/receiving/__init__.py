"""Receiving: taking messages apart, and finding out whose they are."""
