"""Merging two parties that turned out to be one."""
