"""What the spec and the settings ask for, as functions of values and the time. Pure."""
