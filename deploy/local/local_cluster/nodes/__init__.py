"""A real node without Docker: control plane, kubelet, containerd and cluster DNS in namespaces of their own.

`cluster.up` is the way in. What runs inside starts with `init`, the first process of the process namespace.
"""
