"""Which queue a case comes into, and who of the queue gets it. The decisions are pure functions."""
