"""Silences: parties that used to talk with us and do not any more."""
