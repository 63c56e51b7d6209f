"""Activities: what is planned, for when and for whom; done, each yields an interaction."""
