"""What the base images of the Dockerfile hold, as packages of the same Debian release."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from container_image.errors import CannotBuild

_SUITE = "trixie"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = (
    *("base-files", "netbase", "tzdata", "media-types", "ca-certificates"),
    *("libc6", "libssl3t64", "libgcc-s1", "libstdc++6", "libgomp1", "zlib1g", "libbz2-1.0", "libexpat1", "libffi8"),
    *("liblzma5", "libncursesw6", "libtinfo6", "libreadline8t64", "libsqlite3-0", "libuuid1"),
    *("libpython3.13-minimal", "libpython3.13-stdlib", "python3.13-minimal"),
)
_USERS = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
        "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
    ),
    "etc/group": "root:x:0:\nnogroup:x:65534:\nnonroot:x:65532:\n",
}
# What neither image has either, or nobody reads in a container. Licences (usr/share/doc/*/copyright) stay.
_NOT_KEPT = (
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/log",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
)


@dataclass(frozen=True)
class Base:
    """Packages, and what the image has beside them."""

    packages: tuple[str, ...]
    environment: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    folder: str = "/"

    @property
    def key(self) -> str:
        """What tells one content from another."""
        return hashlib.sha256(repr((_SUITE, _NOT_KEPT, self)).encode()).hexdigest()


BASES = {
    # There Python is in /usr/local; the Dockerfile calls it `python`, wherever it is.
    "python:3.13-slim-trixie": Base(
        packages=(
            *_PYTHON,
            "dash",
            "coreutils",
            "sed",
            "grep",
            "findutils",
            "binutils",
            "python3-pip",
            "python3.13-venv",
        ),
        environment={"PATH": _PATH, "LANG": "C.UTF-8"},
        files=_USERS,
        links={
            "usr/local/bin/python": "/usr/bin/python3.13",
            "usr/local/bin/python3": "/usr/bin/python3.13",
            "usr/local/bin/strip": "/usr/bin/strip",
        },
    ),
    "gcr.io/distroless/python3-debian13:nonroot": Base(
        packages=_PYTHON,
        environment={"PATH": _PATH, "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt", "LANG": "C.UTF-8"},
        files=_USERS,
        user="65532",
        folder="/home/nonroot",
    ),
}


def make(base: Base, root: Path) -> None:
    """Unpack the packages there: no script of theirs runs, nothing is configured. Raises CannotBuild."""
    command = ["mmdebstrap", "--quiet", "--variant=extract", "--mode=root", f"--include={','.join(base.packages)}"]
    # A frozen mirror is as good as today's.
    command += ["--aptopt=Acquire::Check-Valid-Until false", "--aptopt=Acquire::Check-Date false"]
    done = subprocess.run([*command, _SUITE, str(root), _mirror()], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"mmdebstrap did not unpack the packages of {_SUITE}: {done.stderr.strip()}")
    for name in _NOT_KEPT:
        shutil.rmtree(root / name, ignore_errors=True)
    for pattern in ("usr/share/doc/*/*", "usr/share/doc-base"):
        for path in root.glob(pattern):
            _remove_unless_licence(path)
    _complete(base, root)


def _remove_unless_licence(path: Path) -> None:
    if path.name == "copyright":
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _complete(base: Base, root: Path) -> None:
    for name, text in base.files.items():
        (root / name).write_text(text)
    for name, target in base.links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    for name, mode in (("tmp", 0o1777), (base.folder.lstrip("/"), 0o755)):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(mode)
    _certificates(root)


def _certificates(root: Path) -> None:
    """The bundle that the package's own script would write."""
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(path.read_text().rstrip("\n") + "\n" for path in certificates))


def _mirror() -> str:
    """The one that apt of this machine is configured to."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode or not said.stdout.strip():
        raise CannotBuild("apt of this machine names no mirror to take Debian packages from (apt-get indextargets)")
    return said.stdout.split()[0]
