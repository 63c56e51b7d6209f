"""The unit of work, and the gate that every command passes on its way into it."""
