"""Erasure: the values of a person go, from tables, history, search, jobs and files; that something was, stays."""
