"""Reports: what the service desk tells of itself."""
