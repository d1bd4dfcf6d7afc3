"""The kinds of the Prometheus operator that our manifests make objects of: names, without its checks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.nodes.real_cluster import RealCluster
from tests.support import kube
from tests.support.kube import Body

_GROUP = "monitoring.coreos.com"
_KINDS = {"servicemonitors": "ServiceMonitor", "prometheusrules": "PrometheusRule"}


@asynccontextmanager
async def monitoring_kinds(cluster: RealCluster) -> AsyncIterator[None]:
    """The cluster knows them for as long."""
    for plural, kind in _KINDS.items():
        await cluster.kube.create(kube.CRDS, _definition(plural, kind))
        await cluster.kubectl("wait", f"crd/{plural}.{_GROUP}", "--for=condition=Established", "--timeout=60s")
    yield
    await cluster.kubectl("delete", "crd", *(f"{plural}.{_GROUP}" for plural in _KINDS))


def _definition(plural: str, kind: str) -> Body:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{_GROUP}"},
        "spec": {
            "group": _GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
