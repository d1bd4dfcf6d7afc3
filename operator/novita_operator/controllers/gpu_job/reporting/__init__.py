"""Facts -> status and Events of a job. Pure."""
