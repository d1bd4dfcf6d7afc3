"""The routes under /_simulator/: what tests and demos read and turn."""
