"""Every program that a local cluster is made of: its Go module, its package and how it is linked."""

from __future__ import annotations

from dataclasses import dataclass

from local_cluster import releases
from local_cluster.module import Module
from local_cluster.releases import Release

_KUBERNETES = "k8s.io/kubernetes"
# What the build scripts of Kubernetes write into its programs, so that they say their version.
_KUBERNETES_VERSION = (
    "-X k8s.io/component-base/version.gitVersion=v{version}"
    " -X k8s.io/component-base/version.gitMajor={major}"
    " -X k8s.io/component-base/version.gitMinor={minor}"
)


@dataclass(frozen=True)
class Program:
    """A program, and what it is built from."""

    name: str
    module: Module
    package: str
    """Its import path; `.` where its source lies beside go.mod."""
    stamp: str = ""
    """Linker flags that write the version into it, with {version}, {major} and {minor} to fill in."""
    release: Release | None = None
    """Where it is published, at the version that the module pins; without one it is always built."""

    @property
    def version(self) -> str:
        """Such as `v1.37.2`. Raises CannotProvide."""
        return self.module.version if self.package == "." else self.module.version_of(self.package)

    @property
    def linker_flags(self) -> str:
        """Without symbols and debug data, which nobody needs here and which double the size. Raises CannotProvide."""
        version = self.version.removeprefix("v")
        major, minor = (*version.split("."), "")[:2]
        return f"-s -w {self.stamp.format(version=version, major=major, minor=minor)}".rstrip()


def _kubernetes(module: Module, *names: str) -> tuple[Program, ...]:
    return tuple(
        Program(name, module, f"{_KUBERNETES}/cmd/{name}", _KUBERNETES_VERSION, releases.KUBERNETES) for name in names
    )


_CONTAINERD_MODULE = "github.com/containerd/containerd/v2"
_CNI_MODULE = "github.com/containernetworking/plugins"


def _containerd(name: str) -> Program:
    return Program(name, _CONTAINERD, f"{_CONTAINERD_MODULE}/cmd/{name}", release=releases.CONTAINERD)


def _cni(kind: str, name: str) -> Program:
    return Program(name, _CNI, f"{_CNI_MODULE}/plugins/{kind}/{name}", release=releases.CNI)


_CONTROLPLANE = Module("controlplane", (_KUBERNETES,))
_NODE = Module("node", (_KUBERNETES,))
_CONTAINERD = Module("containerd", (_CONTAINERD_MODULE,))
_CNI = Module("cni", (_CNI_MODULE,))
_COREDNS = Module("coredns", ("github.com/coredns/coredns",), static=True)
_PAUSE = Module("pause", static=True)
_FLUX = Module("flux", tuple(f"github.com/fluxcd/{name}-controller" for name in ("source", "kustomize", "helm")))
_ARGOCD = Module("argocd", ("github.com/argoproj/argo-cd/v3",))
_OLDEST = {name: Module(f"controlplane/oldest/{name}", (_KUBERNETES,)) for name in ("1.33.13", "1.31.14")}

CONTROL_PLANE = (
    Program("etcd", _CONTROLPLANE, "go.etcd.io/etcd/server/v3", release=releases.ETCD),
    *_kubernetes(_CONTROLPLANE, "kube-apiserver", "kube-controller-manager"),
)
HELM = (Program("helm", _CONTROLPLANE, "helm.sh/helm/v4/cmd/helm", release=releases.HELM),)
NODE = (
    *_kubernetes(_NODE, "kubelet", "kube-scheduler", "kube-proxy"),
    *(_containerd(name) for name in ("containerd", "containerd-shim-runc-v2", "ctr")),
    _cni("main", "bridge"),
    _cni("main", "loopback"),
    _cni("ipam", "host-local"),
    _cni("meta", "portmap"),
    Program("coredns", _COREDNS, ".", release=releases.COREDNS),
    Program("pause", _PAUSE, "."),
)
FLUX = tuple(
    Program(f"{name}-controller", _FLUX, f"github.com/fluxcd/{name}-controller")
    for name in ("source", "kustomize", "helm")
)
ARGOCD = (
    Program(
        "argocd",
        _ARGOCD,
        "github.com/argoproj/argo-cd/v3/cmd",
        "-X github.com/argoproj/argo-cd/v3/common.version={version}",
    ),
)
# Older Kubernetes, the oldest last. The modules that 1.31's controller-manager needs are not served any more; 1.33's
# works beside it.
OLDEST = {
    "1.33.13": _kubernetes(_OLDEST["1.33.13"], "kube-apiserver", "kube-controller-manager"),
    "1.31.14": (
        *_kubernetes(_OLDEST["1.31.14"], "kube-apiserver"),
        *_kubernetes(_OLDEST["1.33.13"], "kube-controller-manager"),
    ),
}

EXTRAS = {"helm": HELM, "node": NODE, "flux": FLUX, "argocd": ARGOCD}
"""What `build --with` knows, beside the control plane."""

BY_NAME = {program.name: program for program in (*CONTROL_PLANE, *HELM, *NODE, *FLUX, *ARGOCD)}


def every() -> list[Program]:
    """Each program once, those of older versions after those of today."""
    oldest = (program for programs in OLDEST.values() for program in programs)
    return list(dict.fromkeys((*BY_NAME.values(), *oldest)))
