"""NovitaAccount. Read in this order: handlers, poll, status."""
