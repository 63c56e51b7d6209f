"""The bridge to `email`: the links of surveys go out by mail."""
