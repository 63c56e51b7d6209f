"""Returns: what came back, and why."""
