"""People's data: pseudonyms instead of addresses, people who are forgotten, rows that expire."""
