"""What is expected of parties to begin with, and how the 360 view shows it."""
