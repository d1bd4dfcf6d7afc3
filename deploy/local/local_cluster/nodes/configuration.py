"""What kubelet, kube-proxy and CoreDNS are configured to. JSON is YAML. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_cluster.nodes import containerd, layout


def kubelet(files: layout.Files) -> str:
    """Certificates and RBAC as in a real cluster; both versions of cgroups; disk and memory are never short here."""
    return _text(
        apiVersion="kubelet.config.k8s.io/v1beta1",
        kind="KubeletConfiguration",
        readOnlyPort=0,
        tlsCertFile=str(files.pki / "kubelet.crt"),
        tlsPrivateKeyFile=str(files.pki / "kubelet.key"),
        authentication={
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(files.pki / "ca.crt")},
        },
        authorization={"mode": "Webhook"},
        containerRuntimeEndpoint=f"unix://{containerd.SOCKET}",
        cgroupDriver="cgroupfs",  # inside, no systemd runs
        failCgroupV1=False,
        failSwapOn=False,
        clusterDNS=[layout.DNS_IP],
        clusterDomain=layout.CLUSTER_DOMAIN,
        resolvConf=str(files.directory / "resolv.conf"),  # empty: there are no other names
        podLogsDir=str(files.directory / "pods"),
        # A busy developer's disk is no reason to evict pods or to throw away an image that came from a file.
        imageGCHighThresholdPercent=100,
        evictionHard={"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        nodeStatusUpdateFrequency="4s",
        syncFrequency="10s",
    )


def proxy(files: layout.Files) -> str:
    """By nftables, as containers need it anyway. Settings of the whole kernel are left alone (0)."""
    untouched = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    return _text(
        apiVersion="kubeproxy.config.k8s.io/v1alpha1",
        kind="KubeProxyConfiguration",
        clientConnection={"kubeconfig": str(files.kubeconfig_of("proxy"))},
        mode="nftables",
        clusterCIDR=layout.POD_RANGE,
        hostnameOverride=layout.NODE,
        conntrack=untouched,
        metricsBindAddress="127.0.0.1:10249",
        healthzBindAddress="127.0.0.1:10256",
    )


def dns(files: layout.Files) -> str:
    """CoreDNS answers for the cluster's names only."""
    return (
        f".:53 {{\n  bind {layout.NODE_IP}\n  errors\n  ready 127.0.0.1:8181\n  cache 5\n"
        f"  kubernetes {layout.CLUSTER_DOMAIN} in-addr.arpa {{\n"
        f"    kubeconfig {files.kubeconfig_of('dns')} local\n  }}\n}}\n"
    )


def _text(**fields: Mapping[str, Any] | object) -> str:
    return json.dumps(fields, indent=2) + "\n"
