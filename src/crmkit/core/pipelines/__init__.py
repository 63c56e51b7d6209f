"""Pipelines: work that moves through stages, deals above all. Read `plugin` first: it is the table of contents."""
