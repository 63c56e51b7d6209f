"""Comparing two parties: what of them is compared, how, and what that says about whether they are one."""
