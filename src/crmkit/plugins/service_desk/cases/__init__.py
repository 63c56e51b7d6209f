"""Cases: what somebody must resolve."""
