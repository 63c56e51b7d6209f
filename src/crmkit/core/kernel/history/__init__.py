"""What was changed: reading it, replaying it and checking it against the tables."""
