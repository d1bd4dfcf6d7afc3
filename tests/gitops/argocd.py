"""Argo CD's application controller and repo server, as processes inside the cluster, and the repository's samples."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from tests.gitops import flux, modules
from tests.gitops.inside import Inside
from tests.gitops.repository import Repository
from tests.support import waiting
from tests.support.kube import Body, Kind

from demo.environment import REPOSITORY
from local_cluster import binaries, catalogue

NAMESPACE = "argocd"
APPLICATIONS = Kind("/apis/argoproj.io/v1alpha1", "applications")

_GITOPS = REPOSITORY / "deploy" / "gitops"
_MODULE = "github.com/argoproj/argo-cd/v3"
_CRDS = ("application-crd", "appproject-crd", "applicationset-crd")
_CONFIGURATION = ("cm", "cmd-params-cm", "rbac-cm", "ssh-known-hosts-cm", "tls-certs-cm", "gpg-keys-cm", "secret")
_WRAPPER = "git-verify-wrapper.sh"  # the repo server calls it by its name
# Ports inside namespaces of our own.
_REDIS = "127.0.0.1:6379"
_REPO_SERVER = "127.0.0.1:8081"
_RECONCILE = {"data": {"timeout.reconciliation": "10s", "timeout.reconciliation.jitter": "0s"}}
# Anybody's project: what it may do is not what is tested here.
_PROJECT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "default", "namespace": NAMESPACE},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


async def start(inside: Inside, folder: Path) -> None:
    """CRDs, configuration with our health scripts, redis and the two servers; returns when they work."""
    programs = binaries.provide(os.environ, ["argocd", "helm"])
    program = programs.path("argocd")
    source = modules.folder(catalogue.ARGOCD[0].module, _MODULE)
    await _install(inside, source / "manifests")
    environment = _environment(inside, folder, [source / "hack" / _WRAPPER, programs.path("helm")])
    redis, port = _REDIS.split(":")
    command = ["redis-server", "--save", "", "--appendonly", "no", "--bind", redis, "--port", port]
    inside.start("redis", command, folder)
    common = [str(program), "--loglevel", "info", "--redis", _REDIS]
    repo = {**environment, "ARGOCD_BINARY_NAME": "argocd-repo-server"}
    inside.start("repo-server", [*common, "--port", "8081", "--disable-tls", "--client-ca-path="], folder, repo)
    controller = {**environment, "ARGOCD_BINARY_NAME": "argocd-application-controller"}
    controller["HOSTNAME"] = "argocd-application-controller-0"
    words = ["--repo-server", _REPO_SERVER, "--repo-server-plaintext", "--namespace", NAMESPACE]
    words += ["--app-resync", "10", "--self-heal-timeout-seconds", "2", "--persist-resource-health"]
    inside.start("application-controller", [*common, *words], folder, controller)


async def _install(inside: Inside, manifests: Path) -> None:
    for crd in _CRDS:
        await inside.kubectl("apply", "--server-side", "-f", str(manifests / "crds" / f"{crd}.yaml"))
    for namespace in (NAMESPACE, flux.OPERATOR_NAMESPACE, flux.WORKLOADS):
        await inside.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for part in _CONFIGURATION:
        path = manifests / "base" / "config" / f"argocd-{part}.yaml"
        await inside.kubectl("-n", NAMESPACE, "apply", "-f", str(path))
    await inside.kubectl(
        "-n", NAMESPACE, "patch", "secret", "argocd-secret", "-p", '{"data":{"server.secretkey":"eA=="}}'
    )
    patch = str(_GITOPS / "argocd" / "argocd-cm-patch.yaml")
    await inside.kubectl("-n", NAMESPACE, "patch", "configmap", "argocd-cm", "--patch-file", patch)
    await inside.kube.patch(Kind("/api/v1", "configmaps"), "argocd-cm", _RECONCILE, NAMESPACE)
    await inside.apply(_PROJECT)


def _environment(inside: Inside, folder: Path, called: Sequence[Path]) -> dict[str, str]:
    """Folders instead of those of its image, programs that it calls by name, and a kubeconfig of its namespace."""
    for name in ("tls", "ssh", "gpg/keys", "gpg/source", "plugins", "tmp", "bin"):
        (folder / name).mkdir(parents=True)
    for program in called:
        target = folder / "bin" / program.name
        shutil.copyfile(program, target)
        target.chmod(target.stat().st_mode | stat.S_IXUSR)
    config = yaml.safe_load(inside.kubeconfig.read_text())
    config["contexts"][0]["context"]["namespace"] = NAMESPACE
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    kubeconfig.chmod(0o600)
    return {
        "KUBECONFIG": str(kubeconfig),
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_GNUPGHOME": str(folder / "gpg" / "keys"),
        "ARGOCD_GPG_DATA_PATH": str(folder / "gpg" / "source"),
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "plugins"),
        "ARGOCD_EXEC_TIMEOUT": "120s",
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
    }


def applications(operator: Repository, gpus: Repository) -> list[Body]:
    """The two samples, with repositories of this run and the simulated Novita; deletion takes everything along."""
    found = list(yaml.safe_load_all((_GITOPS / "samples" / "argocd-application.yaml").read_text()))
    for body in found:
        source = body["spec"]["source"]
        if body["metadata"]["name"] == "novita-operator":
            del source["chart"]
            source |= {"repoURL": operator.url, "path": "charts/novita-operator", "targetRevision": "main"}
            source["helm"]["valuesObject"] |= flux.chart_values()
        else:
            source["repoURL"] = gpus.url
        body["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    return found


def recorded(gpus: Repository, namespace: str) -> Body:
    """An Application that only looks: it is never synced."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "recorded", "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "source": {
                "repoURL": gpus.url,
                "path": "recorded",
                "targetRevision": "main",
                "directory": {"recurse": True},
            },
        },
    }


def verdict(body: Body | None) -> str:
    """`Synced/Healthy`, as the list of Applications shows it."""
    status: dict[str, Any] = (body or {}).get("status") or {}
    return f"{status.get('sync', {}).get('status')}/{status.get('health', {}).get('status')}"


async def refresh(inside: Inside, name: str) -> None:
    """Ask for a look at Git now."""
    change = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    await inside.kube.patch(APPLICATIONS, name, change, NAMESPACE)


async def until(inside: Inside, name: str, wanted: str, *, seconds: float = 180.0) -> Body:
    """Wait until the Application is judged so."""

    async def probe() -> Body | None:
        body = await inside.kube.find(APPLICATIONS, name, NAMESPACE)
        return body if verdict(body) == wanted else None

    async def explain() -> str:
        return str((await inside.kube.find(APPLICATIONS, name, NAMESPACE) or {}).get("status"))[:3000]

    what = f"Application {name} is {wanted}"
    return await waiting.until(probe, what, seconds=seconds, explain=explain, pause=0.5)
