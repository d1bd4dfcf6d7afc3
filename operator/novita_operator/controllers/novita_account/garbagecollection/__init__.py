"""Instances that belong to no object, and what is done about them."""
