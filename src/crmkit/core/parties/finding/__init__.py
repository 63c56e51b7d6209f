"""Finding parties: by any mechanism in any spelling, and by what they are called elsewhere."""
