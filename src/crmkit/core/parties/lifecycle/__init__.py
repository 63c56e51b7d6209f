"""The lifecycle: at which stage a party stands in its relationship with us, and since when."""
