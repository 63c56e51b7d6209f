"""Plugins as they are described, found, resolved and imported."""
