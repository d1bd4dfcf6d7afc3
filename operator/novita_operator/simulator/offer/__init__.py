"""What can be rented, and from which templates."""
