"""Go modules of ours below deploy/local: what their go.mod pins, and where what they build is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cluster import cache
from local_cluster.errors import CannotProvide
from local_cluster.toolchain import Version

_ROOT = Path(__file__).resolve().parent.parent
_FINGERPRINT_CHARS = 12  # of a sha256: enough to tell apart what one person ever builds


@dataclass(frozen=True)
class Module:
    """A folder with a go.mod below deploy/local."""

    folder: str
    """Path below deploy/local; its first part is the folder of the cache as well."""
    named_after: tuple[str, ...] = ()
    """The requirements whose versions name the folder of the cache; without one, the text of its own source does."""
    static: bool = False
    """Built without cgo: such a program runs where there is no C library, as in an image that holds nothing else."""

    @property
    def directory(self) -> Path:
        return _ROOT / self.folder

    @property
    def version(self) -> str:
        """What tells one state of the module from another, such as `v1.37.2`. Raises CannotProvide."""
        return "-".join(self.version_of(name) for name in self.named_after) or self._fingerprint()

    def cache(self, environment: Mapping[str, str]) -> Path:
        """Where programs of this version of the module stay."""
        return cache.folder(environment, self.folder.split("/", maxsplit=1)[0], self.version)

    def version_of(self, package: str) -> str:
        """The version of the requirement that the package belongs to. Raises CannotProvide where there is none."""
        found = requirements(self._go_mod())
        owners = [path for path in found if f"{package}/".startswith(f"{path}/")]
        if not owners:
            raise CannotProvide(f"{self.directory / 'go.mod'} names no version of {package}")
        return found[max(owners, key=len)]

    def go_version(self) -> Version:
        """The oldest Go that accepts the module. Raises CannotProvide where the file names none."""
        found = re.search(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", self._go_mod(), re.MULTILINE)
        if found is None:
            raise CannotProvide(f"{self.directory / 'go.mod'} names no version of Go")
        return int(found[1]), int(found[2]), int(found[3] or 0)

    def _go_mod(self) -> str:
        return (self.directory / "go.mod").read_text()

    def _fingerprint(self) -> str:
        text = b"".join(path.read_bytes() for path in sorted(self.directory.iterdir()))
        return hashlib.sha256(text).hexdigest()[:_FINGERPRINT_CHARS]


def requirements(go_mod: str) -> dict[str, str]:
    """Path and version of each requirement of a go.mod, the indirect ones, too."""
    return dict(re.findall(r"^(?:require\s+|\t)([^\s=]+\.[^\s=]+) (v\S+)(?: // indirect)?$", go_mod, re.MULTILINE))
