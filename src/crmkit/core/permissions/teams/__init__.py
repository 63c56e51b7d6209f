"""Teams: a tree whose nodes own and share records."""
