"""How cases stand to each other: links, follow-ups, and cases that are one."""
