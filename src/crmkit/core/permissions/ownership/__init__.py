"""Ownership: handing over everything that somebody owns, and claims that expire."""
