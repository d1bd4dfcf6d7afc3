"""What the cloud says: the only importer of httpx."""
