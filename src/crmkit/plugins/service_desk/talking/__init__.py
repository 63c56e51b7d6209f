"""What is said about cases: answers, replies, and comments among colleagues."""
