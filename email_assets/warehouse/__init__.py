"""Where the tables live."""
