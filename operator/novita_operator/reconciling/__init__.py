"""The vocabulary of one pass."""
