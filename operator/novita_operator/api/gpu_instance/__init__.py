"""GPUInstance: one rented instance."""
