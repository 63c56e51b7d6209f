"""Promised times: policies, due times, warnings, and recounting them."""
