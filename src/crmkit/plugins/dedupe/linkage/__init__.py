"""Comparing all parties at once, by splink: settings that know no backend, backends, and what leads through a run."""
