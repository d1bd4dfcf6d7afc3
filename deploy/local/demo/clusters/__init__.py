"""Where the demo's Kubernetes comes from."""
