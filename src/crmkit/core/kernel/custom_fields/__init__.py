"""Fields that a tenant defines for any entity, at run time."""
