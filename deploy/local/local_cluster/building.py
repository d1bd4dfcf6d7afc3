"""Build programs of one Go module, all in one call of Go, with a line that counts packages."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local_cluster import progress, toolchain
from local_cluster.catalogue import Program
from local_cluster.errors import CannotProvide

_TAIL_LINES = 20  # of a failed build's log: the compiler's complaint is at its end
# Without paths of this machine, so that every checkout finds what another one has compiled; and without the debug data
# that the linker would drop again.
_COMPILED_AS = ("-trimpath", "-gcflags=all=-dwarf=false")
# The compiler collects its garbage later, but a machine with little memory stays usable. With the line above this
# saves a sixth of the processor time of a whole build.
_GARBAGE = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
# Whether Go's cache lacks the package. A program counts as stale even where all that it is made of is there.
_UNCOMPILED = '{{if .Stale}}{{if ne .StaleReason "not installed but available in build cache"}}todo{{end}}{{end}}'


def build(environment: Mapping[str, str], cache: Path, programs: Sequence[Program]) -> None:
    """Build these of one module into the cache. What an earlier run compiled is in Go's own cache.

    Raises CannotProvide.
    """
    module = programs[0].module
    print(f"building {', '.join(_named(program) for program in programs)} once, into {cache}", flush=True)
    go = toolchain.find_go(environment, module.go_version())
    # `local`: Go would otherwise fetch another toolchain by itself, without a word about it.
    environment = {**_GARBAGE, **environment, "GOTOOLCHAIN": "local"} | ({"CGO_ENABLED": "0"} if module.static else {})
    call = _Call(go, module.directory, cache, environment)
    total, todo = call.count(programs)
    unfinished = cache / ".building"
    try:
        call.compile(programs, unfinished, lambda log: f"{total - todo + _compiled(log):,} of {total:,} packages")
        for program in programs:
            (unfinished / _executable(program)).rename(cache / program.name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _named(program: Program) -> str:
    return program.name if program.package == "." else f"{program.name} {program.version}"


def _executable(program: Program) -> str:
    """How Go calls what it builds: by the last part of the path that is no major version."""
    path = f"example.com/{program.module.folder}" if program.package == "." else program.package
    return PurePosixPath(re.sub(r"/v\d+$", "", path)).name


def _linked(program: Program) -> str:
    return f"-ldflags={'' if program.package == '.' else f'{program.package}='}{program.linker_flags}"


def _compiled(log: str) -> int:
    """How many packages `go build -v` has named."""
    return sum(1 for line in log.splitlines() if line and not line.startswith(("go: ", "#", "\t")) and " " not in line)


def _fetched(log: str) -> str:
    return f"{log.count('go: downloading ')} fetched"


@dataclass(frozen=True)
class _Call:
    """Go, in the folder of one module."""

    go: str
    directory: Path
    cache: Path
    environment: Mapping[str, str]

    def count(self, programs: Sequence[Program]) -> tuple[int, int]:
        """Packages in all, and those to be compiled; fetches their modules. Raises CannotProvide."""
        packages = [program.package for program in programs]
        listed = self.cache / "packages.log"
        command = [self.go, "list", *_COMPILED_AS, "-deps", "-f", f":{_UNCOMPILED}", *packages]
        self._run("[modules]", command, _fetched, listed)
        lines = [line for line in listed.read_text().splitlines() if line.startswith(":")]
        return len(lines), lines.count(":todo")

    def compile(self, programs: Sequence[Program], into: Path, how_far: Callable[[str], str]) -> None:
        """Raises CannotProvide with the end of the log."""
        into.mkdir(exist_ok=True)
        flags = [_linked(program) for program in programs]
        packages = [program.package for program in programs]
        command = [self.go, "build", "-v", *_COMPILED_AS, *flags, "-o", f"{into}/", *packages]
        self._run("[build]", command, how_far, self.cache / "build.log")

    def _run(self, title: str, command: list[str], how_far: Callable[[str], str], log: Path) -> None:
        line = progress.Line(title)
        with log.open("w") as output:
            process = subprocess.Popen(
                ["nice", *command],  # a build of minutes must not freeze the machine of its user
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
            )
            try:
                while process.poll() is None:
                    line.show(f"{how_far(log.read_text(errors='replace'))}, {line.elapsed:.0f} s")
                    time.sleep(0.2)  # often enough for a clock that counts seconds
            finally:  # interrupted: nothing compiles on behind our back
                process.terminate()
                process.wait()
        said = log.read_text(errors="replace")
        if process.returncode:
            raise CannotProvide(
                f"{title} failed after {line.elapsed:.0f} s:\n{_tail(said)}\n"
                f"The whole log is {log}. A build needs about 3 GB of disk, 3 GB of memory and a Go module proxy; "
                "docs/how-to/local-cluster.md has the other ways."
            )
        line.end(f"{how_far(said)}, done in {line.elapsed:.0f} s")


def _tail(log: str) -> str:
    return "\n".join(log.splitlines()[-_TAIL_LINES:])
