"""A Kubernetes operator that rents Novita.ai GPU instances."""

__version__ = "0.1.0"
