"""How cases go on: waiting, resolved, closed, reopened."""
