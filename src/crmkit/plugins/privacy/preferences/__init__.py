"""How a party likes to be reached."""
