"""Problems that cases come from, and solutions that are used again."""
