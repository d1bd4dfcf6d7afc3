"""Where the binaries come from: `$KUBEBUILDER_ASSETS`, the cache, an official release, or a build from Go modules."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_cluster import building, catalogue, downloading, locking, official, toolchain
from local_cluster.catalogue import Program

CONTROL_PLANE = tuple(program.name for program in catalogue.CONTROL_PLANE)


@dataclass(frozen=True)
class Tools:
    """Paths of what was found, downloaded or built."""

    paths: Mapping[str, Path]

    def path(self, name: str) -> Path:
        return self.paths[name]


def provide(environment: Mapping[str, str], names: Sequence[str] = CONTROL_PLANE) -> Tools:
    """Find these programs of the catalogue, or download or build those that the cache lacks. Raises CannotProvide.

    `$KUBEBUILDER_ASSETS` is asked for the control plane, and counts only if it has all of it: a mixture of versions
    is no control plane.
    """
    assets = _assets(environment) if set(names) & set(CONTROL_PLANE) else {}
    programs = [catalogue.BY_NAME[name] for name in names if name not in assets]
    return Tools({**assets, **_cached(environment, programs)})


def provide_oldest(environment: Mapping[str, str], version: str) -> Path:
    """A folder with the control plane of an older Kubernetes, to be used as `$KUBEBUILDER_ASSETS`.

    What that version lacks (etcd always, sometimes more) is linked from newer ones. Raises CannotProvide.
    """
    etcd = catalogue.BY_NAME["etcd"]
    paths = _cached(environment, [etcd, *catalogue.OLDEST[version]])
    folder = paths["kube-apiserver"].parent
    for name, path in paths.items():
        if path.parent != folder and not toolchain.runs(folder / name):
            (folder / name).unlink(missing_ok=True)  # a link whose target has gone
            (folder / name).symlink_to(path)
    return folder


def _assets(environment: Mapping[str, str]) -> dict[str, Path]:
    """The control plane of `$KUBEBUILDER_ASSETS`; nothing where it is not set or lacks a program."""
    assets = environment.get("KUBEBUILDER_ASSETS")
    if not assets:
        return {}
    found = {name: Path(assets) / name for name in CONTROL_PLANE}
    missing = [name for name, path in found.items() if not toolchain.runs(path)]
    if missing:
        print(f"not using KUBEBUILDER_ASSETS: {assets} has no {', no '.join(missing)}", flush=True)
        return {}
    return found


def _cached(environment: Mapping[str, str], programs: Iterable[Program]) -> dict[str, Path]:
    """Fill the cache with what it lacks, one module after the other. Raises CannotProvide."""
    paths: dict[str, Path] = {}
    servers = official.Servers(environment)
    for module, of_module in itertools.groupby(programs, key=lambda program: program.module):
        cache, wanted = module.cache(environment), list(of_module)
        if _missing(cache, wanted):
            with locking.held(cache, f"another run is filling {cache}; waiting for it"):
                _fill(environment, servers, cache, wanted)
        paths |= {program.name: cache / program.name for program in wanted}
    return paths


def _fill(environment: Mapping[str, str], servers: official.Servers, cache: Path, wanted: Sequence[Program]) -> None:
    """An official release takes seconds, a build minutes. Raises CannotProvide."""
    if missing := _missing(cache, wanted):  # another run may have filled it while we waited
        servers.fetch(missing, cache)
    if missing := _missing(cache, wanted):
        building.build(environment, cache, missing)
    for half in cache.glob(f".*{downloading.HALF}"):  # of what has been built instead
        half.unlink()


def _missing(cache: Path, programs: Sequence[Program]) -> list[Program]:
    return [program for program in programs if not toolchain.runs(cache / program.name)]
