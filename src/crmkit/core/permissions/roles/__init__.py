"""Roles: named sets of permits and forbids, as data of each tenant; and who has them."""
