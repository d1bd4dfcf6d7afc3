"""GPUJob. The rooms in the order of the data: observing, deciding, reporting."""
