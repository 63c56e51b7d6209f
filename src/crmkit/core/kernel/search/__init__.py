"""Search over all registered entities: how texts are folded and cut, the derived table, and the service."""
