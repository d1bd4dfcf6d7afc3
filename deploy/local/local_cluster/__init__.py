"""A Kubernetes control plane without Docker: etcd, kube-apiserver, kube-controller-manager. Standard library only."""
