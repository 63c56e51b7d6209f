"""What a plugin has in the database: found without its code, counted, copied out and removed."""
