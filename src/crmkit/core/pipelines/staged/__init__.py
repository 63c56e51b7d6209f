"""Records that move through stages, of whatever entity: the engine that deals, applicants and others share."""
