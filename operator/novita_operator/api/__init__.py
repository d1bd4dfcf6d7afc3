"""What the user says: pydantic models that become the CRDs."""
