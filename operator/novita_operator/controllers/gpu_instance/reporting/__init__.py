"""Facts -> status, conditions, Events and webhooks. Pure."""
