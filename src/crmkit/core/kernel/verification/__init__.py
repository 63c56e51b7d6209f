"""Does what is stored agree with itself? Tables, keys, references, merges and history, checked on live data."""
