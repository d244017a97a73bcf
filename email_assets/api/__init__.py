"""Speaking HTTP to an email API: the session, what its answers may look like, and pagination."""
