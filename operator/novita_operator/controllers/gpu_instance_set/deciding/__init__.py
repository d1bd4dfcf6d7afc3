"""What is decided for a set. Pure."""
