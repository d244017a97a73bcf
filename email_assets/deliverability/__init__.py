"""Figures on the delivery of mail, derived from the tables of messages and bounces."""
