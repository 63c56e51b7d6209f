"""What parties are written to for, and what they are asked."""
