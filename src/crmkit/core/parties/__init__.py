"""The parties area: people and organisations, how to reach them, and what they are to each other and to us."""
