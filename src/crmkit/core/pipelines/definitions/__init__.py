"""What a pipeline is: its stages, which moves it allows, and the policies that it sets; all of it data."""
