"""What is decided: ordered checks. Pure."""
