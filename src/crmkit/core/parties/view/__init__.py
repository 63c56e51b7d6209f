"""The 360 view: all that is known of a party in one call, with a section from every enabled plugin that has one."""
