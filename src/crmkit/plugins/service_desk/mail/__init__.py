"""The bridge to `email`: mail to a queue's address becomes cases, replies join them, answers go out."""
