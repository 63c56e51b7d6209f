"""Where plugins have a say: typed hooks, what they are handed, and events."""
