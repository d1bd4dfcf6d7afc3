"""Which addresses may be reached at all, and names looked up safely: one guard for webhooks, probes and Services."""
