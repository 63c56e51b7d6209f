"""Files attached to any record: what is said of each, and the store of their contents."""
