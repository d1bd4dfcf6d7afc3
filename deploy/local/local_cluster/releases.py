"""Where projects publish their programs. These are the only addresses that a local cluster downloads from."""

from __future__ import annotations

import platform as machine
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import httpx

from local_cluster.errors import CannotProvide

MIRROR = "RELEASES_MIRROR"
_LINUX = ("linux/amd64", "linux/arm64")
_LINUX_AND_DARWIN = (*_LINUX, "darwin/amd64", "darwin/arm64")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # as the kernel says it, as releases say it


@dataclass(frozen=True)
class Asset:
    """One file of a release."""

    url: str
    checksums: str
    """Address of the file with its sha256."""

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def host(self) -> str:
        """Without a user name and a password, so that it can be shown."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class Place:
    """Where one program is."""

    asset: Asset
    member: str
    """Its path in the archive; empty where the file is the program."""


@dataclass(frozen=True)
class Release:
    """Templates of addresses, with {name}, {version}, {bare} (version without v), {os}, {arch} and {archive}."""

    url: str
    checksums: str
    """Of the file with the sha256; {url} is the address above."""
    member: str = ""
    platforms: tuple[str, ...] = _LINUX

    def find(self, name: str, version: str, platform: str, mirror: str | None) -> Place | None:
        """The file for this platform, such as `linux/amd64`; None where the project publishes none."""
        if platform not in self.platforms:
            return None
        system, architecture = platform.split("/")
        words = {
            "name": name,
            "version": version,
            "bare": version.removeprefix("v"),
            "os": system,
            "arch": architecture,
            "archive": "zip" if system == "darwin" else "tar.gz",
        }
        url = self.url.format(**words)
        checksums = self.checksums.format(**words, url=url)
        return Place(Asset(_mirrored(url, mirror), _mirrored(checksums, mirror)), self.member.format(**words))


KUBERNETES = Release("https://dl.k8s.io/{version}/bin/{os}/{arch}/{name}", "{url}.sha256")
ETCD = Release(
    "https://github.com/etcd-io/etcd/releases/download/{version}/etcd-{version}-{os}-{arch}.{archive}",
    "https://github.com/etcd-io/etcd/releases/download/{version}/SHA256SUMS",
    "etcd-{version}-{os}-{arch}/{name}",
    _LINUX_AND_DARWIN,
)
HELM = Release(
    "https://get.helm.sh/helm-{version}-{os}-{arch}.tar.gz", "{url}.sha256sum", "{os}-{arch}/{name}", _LINUX_AND_DARWIN
)
CONTAINERD = Release(
    "https://github.com/containerd/containerd/releases/download/{version}/containerd-{bare}-{os}-{arch}.tar.gz",
    "{url}.sha256sum",
    "bin/{name}",
)
CNI = Release(
    "https://github.com/containernetworking/plugins/releases/download/{version}/cni-plugins-{os}-{arch}-{version}.tgz",
    "{url}.sha256",
    "{name}",
)
COREDNS = Release(
    "https://github.com/coredns/coredns/releases/download/{version}/coredns_{bare}_{os}_{arch}.tgz",
    "{url}.sha256",
    "{name}",
    _LINUX_AND_DARWIN,
)


def this_platform() -> str:
    """Such as `linux/amd64`."""
    architecture = machine.machine().lower()
    return f"{machine.system().lower()}/{_ARCHITECTURES.get(architecture, architecture)}"


def mirror_of(environment: Mapping[str, str]) -> str | None:
    """The mirror that the environment names, without a slash at its end. Raises CannotProvide."""
    mirror = environment.get(MIRROR, "").rstrip("/")
    if not mirror:
        return None
    if not _is_address(mirror):
        raise CannotProvide(
            f"{MIRROR} is no address of a mirror: it has to look like https://mirror.example/releases. "
            "Below it, files are looked for by host and path, as in https://mirror.example/releases/dl.k8s.io/…"
        )
    return mirror


def _is_address(text: str) -> bool:
    try:
        address = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return address.scheme in {"http", "https"} and bool(address.host) and not address.query and not address.fragment


def _mirrored(url: str, mirror: str | None) -> str:
    """A mirror has the host of the official address as its first folder."""
    return url if mirror is None else f"{mirror}/{url.removeprefix('https://')}"
