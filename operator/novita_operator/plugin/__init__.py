"""`kubectl novita`: what people ask of their instances, with their own kubeconfig. The operator never imports it."""
