"""What is generated for the chart and for kustomize, so that each fact is written once."""
