"""Sending: composing, handing over, and what becomes of messages."""
