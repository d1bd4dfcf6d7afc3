"""A Novita account in a process: an independent witness, written from the API document and not from our client."""
