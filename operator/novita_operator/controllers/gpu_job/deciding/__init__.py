"""What is decided for a job. Pure."""
