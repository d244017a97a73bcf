"""How mail is delivered, made of the tables of messages and bounces."""
