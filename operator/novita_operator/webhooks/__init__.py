"""Webhooks: the only sender of them. What is to be told stands in the status of the objects; here it is delivered."""
