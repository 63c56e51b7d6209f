"""Whether somebody may be written to."""
