"""Facts -> status of an account. Pure."""
