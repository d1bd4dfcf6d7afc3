"""GPUJob: a program that ends."""
