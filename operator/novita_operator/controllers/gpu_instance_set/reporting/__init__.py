"""Facts -> status and Events of a set. Pure."""
