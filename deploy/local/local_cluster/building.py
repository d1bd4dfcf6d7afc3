"""Build the binaries from Go modules, one after the other, with a line of progress for each."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster import toolchain
from local_cluster.catalogue import Program
from local_cluster.errors import CannotProvide

_TAIL_LINES = 20  # of a failed build's log: the compiler's complaint is at its end
_REPORT_SECONDS = 15.0  # between lines where there is no terminal to overwrite


def build(environment: Mapping[str, str], cache: Path, programs: Sequence[Program]) -> None:
    """Build these of one module into the cache. What an earlier run compiled is in Go's own cache.

    Raises CannotProvide.
    """
    module = programs[0].module
    go = toolchain.find_go(environment, module.go_version())
    # `local`: Go would otherwise fetch another toolchain by itself, without a word about it.
    environment = {**environment, "GOTOOLCHAIN": "local"}
    print(f"building {', '.join(_named(program) for program in programs)} once, into {cache}", flush=True)
    download = _Step("[modules] download", module.directory, cache / "download.log", environment)
    download.run([go, "mod", "download"])
    # One after the other: two linkers of this size at once need more memory than a laptop has.
    for number, program in enumerate(programs, 1):
        title = f"[{number}/{len(programs)}] {program.name}"
        cgo = {"CGO_ENABLED": "0"} if program.static else {}
        step = _Step(title, module.directory, cache / f"{program.name}.log", environment | cgo)
        temporary = cache / f".{program.name}.building"
        step.run([go, "build", "-trimpath", "-ldflags", program.linker_flags, "-o", str(temporary), program.package])
        temporary.rename(cache / program.name)


def _named(program: Program) -> str:
    return program.name if program.package == "." else f"{program.name} {program.version}"


@dataclass(frozen=True)
class _Step:
    """One command, with a line of progress."""

    title: str
    directory: Path
    log: Path
    environment: Mapping[str, str]

    def run(self, command: list[str]) -> None:
        """Raises CannotProvide with the end of its log."""
        started = time.monotonic()
        with self.log.open("w") as output:
            process = subprocess.Popen(
                ["nice", *command],  # a build of minutes must not freeze the machine of its user
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
            )
            _watch(self.title, process, started)
        if process.returncode:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
            raise CannotProvide(
                f"{self.title} failed after {time.monotonic() - started:.0f} s:\n{tail}\n"
                f"The whole log is {self.log}. A build needs about 3 GB of disk, 3 GB of memory and a Go module proxy."
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
