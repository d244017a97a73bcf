"""`make run` and `make ui`: the platform on your API, or on the sandbox while there is none."""
