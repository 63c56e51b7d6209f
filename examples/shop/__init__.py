"""A pretended application, of which `examples/own_entity.py` shows one entity."""
