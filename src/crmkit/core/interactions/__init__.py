"""Interactions: what happened with a party, in which thread, over which channel, and what is planned next."""
