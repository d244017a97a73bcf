"""What is wrong, and how it reaches people."""
