"""Assets: sold things in use, with the terms that cover them."""
