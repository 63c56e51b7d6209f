"""Templates: what they may say, and how they are filled in."""
