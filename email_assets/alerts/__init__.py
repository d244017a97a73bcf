"""Alerts: the causes that are told, the channels that take them, and the messages that wait."""
