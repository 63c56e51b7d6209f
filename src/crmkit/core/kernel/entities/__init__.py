"""What is stored: entities, their columns, and what is known of those whose plugin is absent."""
