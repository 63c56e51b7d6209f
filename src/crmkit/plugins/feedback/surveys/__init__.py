"""Surveys: a party is asked how satisfied it is, by a link that is signed."""
