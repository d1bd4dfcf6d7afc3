"""Git repositories that the tools read: a working copy here, and a bare one that is served inside the cluster."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.gitops.inside import Inside
from tests.support.kube import Body

PORT = 9080  # inside namespaces of our own: nobody else is there
_AUTHOR = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]


@dataclass(frozen=True)
class Repository:
    """One repository, on its branch main."""

    name: str
    working: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{PORT}/{self.name}.git"

    @classmethod
    def make(cls, folder: Path, name: str) -> Repository:
        """An empty one below the folder that `serve` serves."""
        bare, working = folder / f"{name}.git", folder.parent / f"{name}-working"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
        subprocess.run(["git", "clone", "-q", str(bare), str(working)], check=True, capture_output=True)
        repository = cls(name, working)
        repository._git("checkout", "-q", "-B", "main")
        return repository

    def write(self, path: str, *bodies: Body) -> None:
        """Manifests as one file; seen by nobody before `push`."""
        file = self.working / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("---\n".join(yaml.safe_dump(body, sort_keys=False) for body in bodies))

    def remove(self, path: str) -> None:
        (self.working / path).unlink()

    def push(self, why: str) -> str:
        """Commit everything and publish it; returns the commit."""
        self._git("add", "-A")
        self._git("commit", "-q", "-m", why)
        self._git("push", "-q", "origin", "main")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", *_AUTHOR, *words], cwd=self.working, check=True, capture_output=True, text=True)
        return done.stdout


def serve(inside: Inside, folder: Path) -> None:
    """Serve all repositories of the folder inside the cluster's network."""
    script = Path(__file__).with_name("git_http.py")
    inside.start("git", [sys.executable, str(script), str(folder), str(PORT)], folder.parent)
