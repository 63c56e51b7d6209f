"""Comments on any record, and notifications of whom they mention."""
