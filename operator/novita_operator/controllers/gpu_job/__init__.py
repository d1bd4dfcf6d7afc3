"""GPUJob. Read in this order: handlers, reconciler, observation, desired, plan, steps, status, verdict, transitions."""
