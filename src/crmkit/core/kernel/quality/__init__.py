"""Data quality: what is expected of records, as rules that are data; some refuse, all add up to a score."""
