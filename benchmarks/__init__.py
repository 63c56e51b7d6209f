"""crmkit measured against the raw driver and the ORM doing the same work: ``python -m benchmarks --help``."""
