"""How an instance is reached, and whether it can be."""
