"""Queues: where cases wait for whoever takes them."""
