"""The settings: how they are looked up, and what each section holds."""
