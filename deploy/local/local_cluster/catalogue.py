"""Every program that a local cluster is made of: its Go module, its package and how it is linked."""

from __future__ import annotations

from dataclasses import dataclass

from local_cluster.module import Module

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
    static: bool = False
    """Built without cgo: it runs where there is no C library, such as in an image that holds nothing else."""

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
    return tuple(Program(name, module, f"{_KUBERNETES}/cmd/{name}", _KUBERNETES_VERSION) for name in names)


_CONTROLPLANE = Module("controlplane", (_KUBERNETES,))
_NODE = Module("node", (_KUBERNETES,))
_CONTAINERD = Module("containerd", ("github.com/containerd/containerd/v2",))
_CNI = Module("cni", ("github.com/containernetworking/plugins",))
_COREDNS = Module("coredns", ("github.com/coredns/coredns",))
_PAUSE = Module("pause")
_FLUX = Module("flux", tuple(f"github.com/fluxcd/{name}-controller" for name in ("source", "kustomize", "helm")))
_ARGOCD = Module("argocd", ("github.com/argoproj/argo-cd/v3",))
_OLDEST = {name: Module(f"controlplane/oldest/{name}", (_KUBERNETES,)) for name in ("1.33.13", "1.31.14")}

CONTROL_PLANE = (
    Program("etcd", _CONTROLPLANE, "go.etcd.io/etcd/server/v3"),
    *_kubernetes(_CONTROLPLANE, "kube-apiserver", "kube-controller-manager"),
)
HELM = (Program("helm", _CONTROLPLANE, "helm.sh/helm/v4/cmd/helm"),)
NODE = (
    *_kubernetes(_NODE, "kubelet", "kube-scheduler", "kube-proxy"),
    Program("containerd", _CONTAINERD, "github.com/containerd/containerd/v2/cmd/containerd"),
    Program("containerd-shim-runc-v2", _CONTAINERD, "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"),
    Program("ctr", _CONTAINERD, "github.com/containerd/containerd/v2/cmd/ctr"),
    Program("bridge", _CNI, "github.com/containernetworking/plugins/plugins/main/bridge"),
    Program("loopback", _CNI, "github.com/containernetworking/plugins/plugins/main/loopback"),
    Program("host-local", _CNI, "github.com/containernetworking/plugins/plugins/ipam/host-local"),
    Program("portmap", _CNI, "github.com/containernetworking/plugins/plugins/meta/portmap"),
    Program("coredns", _COREDNS, ".", static=True),
    Program("pause", _PAUSE, ".", static=True),
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
# Older Kubernetes. The modules that 1.31's controller-manager needs are not served any more; 1.33's works beside it.
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
