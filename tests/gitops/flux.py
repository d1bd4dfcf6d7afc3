"""Flux's own controllers, as processes inside the cluster's namespaces, and the repository's samples for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from tests.gitops import modules, novita
from tests.gitops.inside import Inside
from tests.gitops.repository import Repository
from tests.support import waiting
from tests.support.kube import Body, Kind

from demo.environment import REPOSITORY
from local_cluster import binaries, catalogue

OPERATOR_NAMESPACE = "novita-system"
WORKLOADS = "gpu-workloads"
HELM_RELEASES = Kind("/apis/helm.toolkit.fluxcd.io/v2", "helmreleases")
KUSTOMIZATIONS = Kind("/apis/kustomize.toolkit.fluxcd.io/v1", "kustomizations")

_SAMPLES = REPOSITORY / "deploy" / "gitops" / "samples"
_SYSTEM = "flux-system"
# Ports inside namespaces of our own: health and metrics of each controller, and where source-controller serves.
_PORTS = {"source": (9791, 9792), "kustomize": (9793, 9794), "helm": (9795, 9796)}
_STORAGE = "127.0.0.1:9790"
_FLAGS = ["--enable-leader-election=false", "--events-addr=", "--watch-all-namespaces=true", "--log-encoding=json"]
_OWN = {
    "source": [f"--storage-addr={_STORAGE}", f"--storage-adv-addr={_STORAGE}"],
    "kustomize": ["--requeue-dependency=1s", "--concurrent=20"],
    "helm": ["--requeue-dependency=1s"],
}
_SOON = "5s"  # instead of the samples' minutes: a test does not wait for them


async def start(inside: Inside, folder: Path) -> None:
    """CRDs and controllers; returns when all three are ready."""
    programs = binaries.provide(os.environ, [program.name for program in catalogue.FLUX])
    for name in _PORTS:
        crds = modules.folder(catalogue.FLUX[0].module, f"github.com/fluxcd/{name}-controller") / "config/crd/bases"
        await inside.kubectl("apply", "--server-side", "-f", str(crds))
    for namespace in (_SYSTEM, OPERATOR_NAMESPACE, WORKLOADS):
        await inside.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    storage = folder / "storage"
    storage.mkdir()
    for name, (metrics, health) in _PORTS.items():
        command = [str(programs.path(f"{name}-controller")), *_FLAGS, *_OWN[name]]
        command += [f"--metrics-addr=127.0.0.1:{metrics}", f"--health-addr=127.0.0.1:{health}"]
        command += [f"--storage-path={storage}"] if name == "source" else []
        inside.start(name, command, folder, {"RUNTIME_NAMESPACE": _SYSTEM})
    for name, (_, health) in _PORTS.items():
        await waiting.until(lambda health=health: _ready(inside, health), f"{name}-controller is ready")


async def _ready(inside: Inside, port: int) -> bool:
    url = f"http://127.0.0.1:{port}/readyz"
    return (await inside.run("python3", "-c", f"import urllib.request as u; u.urlopen('{url}')")).code == 0


def git_source(repository: Repository) -> Body:
    """In place of what the samples read from the internet."""
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": repository.name, "namespace": OPERATOR_NAMESPACE},
        "spec": {"interval": _SOON, "url": repository.url, "ref": {"branch": "main"}},
    }


def helm_release(**values: Any) -> Body:
    """The sample, with the chart of this checkout from Git, and the simulated Novita."""
    body = _sample("flux-helmrelease.yaml", "HelmRelease")
    del body["spec"]["chartRef"]
    source = {"kind": "GitRepository", "name": "operator"}
    chart = {"chart": "charts/novita-operator", "reconcileStrategy": "Revision", "interval": _SOON, "sourceRef": source}
    body["spec"] |= {"chart": {"spec": chart}, "interval": "10s", "timeout": "3m"}
    body["spec"]["values"] = chart_values() | values
    return body


def chart_values() -> Body:
    """The image is on the node already; Novita is the simulator on the node's address."""
    return {
        "image": {"pullPolicy": "Never"},
        "account": {"secretName": "novita-api-key"},
        "settings": {"novitaApiUrl": novita.URL, "allowPrivateEndpoints": True, "pollInterval": 2000},
    }


def kustomization(**spec: Any) -> Body:
    """The sample of what is rented, with short intervals."""
    body = _sample("flux-kustomization.yaml", "Kustomization")
    body["spec"] |= {"interval": _SOON, "retryInterval": _SOON, "timeout": "2m", "targetNamespace": WORKLOADS, **spec}
    return body


def health_expressions() -> list[Body]:
    """What a Kustomization is told about our kinds."""
    found: list[Body] = _sample("flux-kustomization.yaml", "Kustomization")["spec"]["healthCheckExprs"]
    return found


def _sample(file: str, kind: str) -> Body:
    bodies = yaml.safe_load_all((_SAMPLES / file).read_text())
    found: Body = next(body for body in bodies if body["kind"] == kind)
    return found


def key() -> Body:
    """The Secret that comes from a secret store, and not from Git."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "novita-api-key", "namespace": OPERATOR_NAMESPACE},
        "stringData": {"apiKey": novita.KEY},
    }


def ready(body: Body | None) -> tuple[str, str]:
    """Status and message of the condition Ready."""
    conditions = ((body or {}).get("status") or {}).get("conditions", [])
    return next(((each["status"], each["message"]) for each in conditions if each["type"] == "Ready"), ("", ""))
