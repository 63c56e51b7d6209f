"""Erasing persons, keeping them from coming back, and what stands against erasing them."""
