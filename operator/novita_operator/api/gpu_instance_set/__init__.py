"""GPUInstanceSet: many alike."""
