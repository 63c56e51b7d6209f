"""Drops: satisfaction that has become worse."""
