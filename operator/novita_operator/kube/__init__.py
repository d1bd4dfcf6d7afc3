"""What the cluster says: the only importer of kubernetes, its `aio` half."""
