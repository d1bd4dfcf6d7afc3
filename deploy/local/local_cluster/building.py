"""Build the binaries from Go modules, one after the other, with a line of progress for each."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from local_cluster import module, toolchain
from local_cluster.errors import CannotProvide

_PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "helm": "helm.sh/helm/v4/cmd/helm",
}
_TAIL_LINES = 20  # of a failed build's log: the compiler's complaint is at its end
_REPORT_SECONDS = 15.0  # between lines where there is no terminal to overwrite


def build(environment: Mapping[str, str], cache: Path, version: str, names: list[str]) -> None:
    """Build these into the cache. What an earlier run compiled is in Go's own cache, so it goes on from there.

    Raises CannotProvide.
    """
    if not names:
        return
    go = toolchain.find_go(environment, cache, module.go_version())
    # `local`: Go would otherwise fetch another toolchain by itself, without a word about it.
    environment = {**environment, "GOTOOLCHAIN": "local"}
    print(f"building {', '.join(names)} of Kubernetes {version} once, into {cache}", flush=True)
    _step("[modules] download", [go, "mod", "download"], cache / "download.log", environment)
    # One after the other: two linkers of this size at once need more memory than a laptop has.
    for number, name in enumerate(names, 1):
        temporary = cache / f".{name}.building"
        command = [go, "build", "-trimpath", "-ldflags", _linker_flags(name, version), "-o", str(temporary)]
        _step(f"[{number}/{len(names)}] {name}", [*command, _PACKAGES[name]], cache / f"{name}.log", environment)
        temporary.rename(cache / name)


def _linker_flags(name: str, version: str) -> str:
    if not name.startswith("kube-"):
        return "-s -w"
    major, minor = version.lstrip("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    return f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"


def _step(title: str, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
    """Run one command with a line of progress. Raises CannotProvide with the end of its log."""
    started = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            ["nice", *command],  # a build of minutes must not freeze the machine of its user
            cwd=module.DIRECTORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
        )
        _watch(title, process, started)
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
        raise CannotProvide(
            f"{title} failed after {time.monotonic() - started:.0f} s:\n{tail}\n"
            f"The whole log is {log}. The build needs about 3 GB of disk, 3 GB of memory and a Go module proxy."
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
    outcome = "failed" if process.returncode else "done"
    print(f"{chr(13) if terminal else ''}  {title} {outcome} in {time.monotonic() - started:.0f} s", flush=True)
