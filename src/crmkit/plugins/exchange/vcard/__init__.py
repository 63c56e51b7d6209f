"""vCard: an own codec for 4.0 (RFC 6350), a reader for 2.1 and 3.0, and what a card says about a party."""
