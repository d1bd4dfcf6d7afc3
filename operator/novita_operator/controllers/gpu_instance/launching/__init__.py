"""Renting, finding and taking over: everything that can lead to a paid instance."""
