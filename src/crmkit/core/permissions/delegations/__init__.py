"""Delegations: rights that one actor lends to another for a time."""
