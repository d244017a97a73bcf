"""A first vendor file of an OpenAPI document."""
