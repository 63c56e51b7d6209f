"""What parties have allowed, and taken back."""
