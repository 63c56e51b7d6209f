"""How long what is known is kept, and what happens to it then."""
