"""Carrying out what was decided, at Novita and in the cluster."""
