"""Programs from the official releases, for those that have one and while the servers can be reached."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_cluster import downloading, progress, releases, unpacking
from local_cluster.catalogue import Program
from local_cluster.errors import ServerUnreachable, Unavailable
from local_cluster.releases import Asset

# For all questions together: looking up a name has no limit of its own, and a network that swallows packets must not
# cost more than a glance.
_ASKED_SECONDS = 6.0


@dataclass(frozen=True)
class _File:
    """One file of a release, and where in it each program is."""

    asset: Asset
    members: Mapping[Program, str]


@dataclass
class Servers:
    """The release servers, and those among them that were found unreachable."""

    environment: Mapping[str, str]
    unreachable: set[str] = field(default_factory=set)

    def fetch(self, programs: Sequence[Program], folder: Path) -> None:
        """Put those that can be had into the folder; says of the others why not. Raises CannotProvide."""
        files = [each for each in self._files(programs) if each.asset.host not in self.unreachable]
        digests = self._ask([each.asset for each in files])
        known = [each for each in files if each.asset in digests]
        if known:
            hosts = ", ".join(sorted({each.asset.host for each in known}))
            names = ", ".join(f"{program.name} {program.version}" for each in known for program in each.members)
            print(f"downloading {names} from {hosts} into {folder}", flush=True)
        for number, each in enumerate(known, 1):
            _provide(each, digests[each.asset], folder, progress.Line(f"[{number}/{len(known)}] {each.asset.name}"))

    def _files(self, programs: Sequence[Program]) -> list[_File]:
        mirror, platform = releases.mirror_of(self.environment), releases.this_platform()
        found: dict[Asset, dict[Program, str]] = defaultdict(dict)
        for program in programs:
            where = program.release and program.release.find(program.name, program.version, platform, mirror)
            if where:
                found[where.asset][program] = where.member
        return [_File(asset, members) for asset, members in found.items()]

    def _ask(self, assets: Sequence[Asset]) -> dict[Asset, str]:
        """The sha256 of each that its release knows; says why the others are built."""
        answers = _answers(assets)
        no_answer = ServerUnreachable(f"no answer within {_ASKED_SECONDS:.0f} s")
        refused = {asset: said for asset in assets if isinstance(said := answers.get(asset, no_answer), Unavailable)}
        down = {asset.host: said for asset, said in refused.items() if isinstance(said, ServerUnreachable)}
        self.unreachable |= down.keys()
        if down:
            _say(f"{', '.join(sorted(down))} cannot be reached ({next(iter(down.values()))})")
        for said in refused.values():
            if not isinstance(said, ServerUnreachable):
                _say(str(said))
        return {asset: said for asset, said in answers.items() if isinstance(said, str)}


def _answers(assets: Sequence[Asset]) -> dict[Asset, str | Unavailable]:
    """What the servers say, all asked at once; nothing of those that are silent for too long."""
    arrived: queue.SimpleQueue[tuple[Asset, str | Unavailable]] = queue.SimpleQueue()
    for asset in assets:
        # A thread that hangs in looking up a name can be left, but not ended.
        threading.Thread(target=_question, args=(asset, arrived), daemon=True).start()
    answers: dict[Asset, str | Unavailable] = {}
    end = time.monotonic() + _ASKED_SECONDS
    while len(answers) < len(assets):
        try:
            asset, said = arrived.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        answers[asset] = said
    return answers


def _question(asset: Asset, arrived: queue.SimpleQueue[tuple[Asset, str | Unavailable]]) -> None:
    try:
        with downloading.client() as server:
            arrived.put((asset, downloading.checksum(server, asset)))
    except Unavailable as error:
        arrived.put((asset, error))


def _provide(file: _File, digest: str, folder: Path, line: progress.Line) -> None:
    try:
        with downloading.client() as server:
            whole = downloading.download(server, file.asset, digest, folder, line)
        size = whole.stat().st_size
        for program, member in file.members.items():
            unpacking.take(whole, member, folder / program.name)
        whole.unlink()
    except Unavailable as error:
        _say(str(error))
        return
    line.end(progress.arrived(size, line.elapsed))


def _say(why: str) -> None:
    print(f"no official release: {why}; building instead", flush=True)
