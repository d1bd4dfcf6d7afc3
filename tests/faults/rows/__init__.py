"""The rows of the table: one file per family of faults."""
