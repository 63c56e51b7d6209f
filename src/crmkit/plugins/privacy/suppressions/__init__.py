"""Addresses that nothing is sent to, kept as keyed hashes."""
