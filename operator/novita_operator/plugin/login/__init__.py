"""Logging in to a rented machine by the system's own OpenSSH, with what the connection Secret says."""
