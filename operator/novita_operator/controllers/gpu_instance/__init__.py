"""GPUInstance. Read in this order: handlers, reconciler, desired, selection, plan, status, connection."""
