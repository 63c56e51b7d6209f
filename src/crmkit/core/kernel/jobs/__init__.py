"""Work that survives: jobs of durable subscribers and of schedules, claimed, run, retried and given up."""
