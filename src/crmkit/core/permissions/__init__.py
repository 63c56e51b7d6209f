"""Permissions: who may do what. Roles, teams, shared records, delegations, ownership; the engine is the kernel's."""
