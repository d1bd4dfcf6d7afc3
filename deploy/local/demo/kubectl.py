"""kubectl, as the person would type it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from demo.errors import DemoFailed

Body = dict[str, Any]
_CHUNK = 65_536  # bytes of one read: a whole object, most times


@dataclass(frozen=True)
class Kubectl:
    """Commands against the cluster of one kubeconfig; without one, against the person's own current cluster."""

    kubeconfig: Path | None = None

    def run(self, *arguments: str) -> str:
        """What it printed. Raises DemoFailed with its own complaint."""
        done = subprocess.run(
            self._command(*arguments), env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoFailed(f"kubectl {' '.join(arguments)} failed:\n{_complaint(done.stderr)}")
        return done.stdout

    def read(self, *arguments: str) -> Body:
        """The same as an object."""
        body: Body = json.loads(self.run(*arguments, "--output=json"))
        return body

    def watch(self, *arguments: str, seconds: int) -> Iterator[Body]:
        """One object at each change, until the caller has seen enough or the seconds are over."""
        command = self._command("get", *arguments, "--watch", "--output=json", f"--request-timeout={seconds}s")
        process = subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            if process.stdout is not None:
                yield from _documents(process.stdout)
        finally:
            process.terminate()
            process.communicate()

    def _command(self, *arguments: str) -> list[str]:
        return [executable(), *arguments]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ} | ({"KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {})


def executable() -> str:
    """The kubectl of the virtual environment, else the one of the PATH. Raises DemoFailed."""
    ours = Path(sys.executable).with_name("kubectl")
    found = str(ours) if ours.exists() else shutil.which("kubectl")
    if found is None:
        raise DemoFailed("kubectl is missing: run `make demo`, which installs it, or put one on the PATH")
    return found


def _complaint(stderr: str) -> str:
    """Without the lines of kubectl's discovery, which says the same five times before it says it plainly."""
    return "\n".join(line for line in stderr.splitlines() if "memcache.go" not in line).strip()


def _documents(stream: IO[bytes]) -> Iterator[Body]:
    """JSON documents that follow each other without anything between them."""
    decoder, text = json.JSONDecoder(), ""
    while chunk := os.read(stream.fileno(), _CHUNK):
        text += chunk.decode()
        while text := text.lstrip():
            try:
                document, end = decoder.raw_decode(text)
            except ValueError:
                break  # the rest of it is still to come
            yield document
            text = text[end:]
