"""A minute in which nobody changes anything: what is written all the same?"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from tests.gitops.inside import Inside
from tests.support.audit import Write

# Six looks of each Application, six reconciles of the HelmRelease, twelve of the Kustomization.
_REST_SECONDS = 60.0
_OURS = {"gpuinstances", "novitaaccounts", "deployments", "services", "serviceaccounts", "customresourcedefinitions"}


@dataclass(frozen=True)
class Rest:
    """What was written during the minute."""

    writes: Counter[str]
    """What a tool of GitOps and the operator could fight over."""
    polls: int
    """Writes of an account's status, which says when Novita was polled."""


async def rest(inside: Inside) -> Rest:
    """A minute of it, by the API server's audit log."""
    from_now = inside.audit.from_now()
    await asyncio.sleep(_REST_SECONDS)
    writes = list(from_now.writes())
    polls = [each for each in writes if _tells_of_a_poll(each)]
    ours = [each for each in writes if each.resource in _OURS and not _tells_of_a_poll(each)]
    return Rest(Counter(f"{each.verb} {each.resource}/{each.subresource} {each.name}" for each in ours), len(polls))


def _tells_of_a_poll(write: Write) -> bool:
    return (write.resource, write.subresource) == ("novitaaccounts", "status")
