"""Webhooks in the forms that chat rooms and Alertmanager take, beside our own. Pure: one module for each form."""
