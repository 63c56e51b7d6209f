"""Who stands where in a conflict."""
