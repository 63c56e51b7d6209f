"""What was changed: reading it, undoing and restoring it, and merging."""
