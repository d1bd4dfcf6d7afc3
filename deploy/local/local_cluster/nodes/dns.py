"""The cluster's name server in the API: a Service without a selector that leads to CoreDNS on the node."""

from __future__ import annotations

from typing import Any

from local_cluster.nodes import layout

_RULES = [
    {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]
_RBAC = "rbac.authorization.k8s.io"

# Path in the API, and what is created there.
OBJECTS: dict[str, dict[str, Any]] = {
    f"/apis/{_RBAC}/v1/clusterroles": {"metadata": {"name": "system:dns"}, "rules": _RULES},
    f"/apis/{_RBAC}/v1/clusterrolebindings": {
        "metadata": {"name": "system:dns"},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "system:dns"},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": layout.USERS["dns"][0]}],
    },
    "/api/v1/namespaces/kube-system/services": {
        "metadata": {"name": "kube-dns", "labels": {"k8s-app": "kube-dns"}},
        "spec": {
            "clusterIP": layout.DNS_IP,
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            ],
        },
    },
    "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices": {
        "metadata": {"name": "kube-dns-node", "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        ],
        "endpoints": [{"addresses": [layout.NODE_IP], "conditions": {"ready": True}}],
    },
}
