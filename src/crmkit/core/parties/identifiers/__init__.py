"""Identifiers: what others, or we ourselves in other systems, call a party."""
