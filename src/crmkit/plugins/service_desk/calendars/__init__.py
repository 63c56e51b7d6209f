"""Calendars: when the teams of the service desk work."""
