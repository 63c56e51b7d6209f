"""What only this deployment can write: signed tokens and keyed hashes."""
