"""Contact mechanisms: the ways to reach a party, as they were given and in the form in which they are found again."""
