"""The endpoints of the simulated API, and how their answers are written."""
