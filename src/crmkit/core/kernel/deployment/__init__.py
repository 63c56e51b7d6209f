"""One deployment: how it starts, what it has loaded, its tenants and who runs it."""
