"""Party roles: what a party is to us. It may be several things at once."""
