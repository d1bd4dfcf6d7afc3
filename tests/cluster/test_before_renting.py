"""What can be known before anything is rented is found out before: a typo costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.history import condition
from tests.support.workspace import Workspace


@dataclass(frozen=True)
class Flaw:
    """A spec that can never work as it is. `says`: what the message names. `cured`: the edit that corrects it."""

    what: str
    spec: dict[str, Any]
    says: tuple[str, ...]
    cured: dict[str, Any] | None = None
    name: str = "gpu"
    reason: str = field(default="InvalidSpec")


def _schedule(**fields: str) -> dict[str, Any]:
    return {"lifetime": {"schedule": {"stop": "0 20 * * 1-5", **fields}}}


FLAWS = (
    Flaw(
        "a time zone that does not exist",
        _schedule(timeZone="Europe/Belrin"),
        ("spec.lifetime.schedule.timeZone", "Europe/Belrin"),
        _schedule(timeZone="Europe/Berlin"),
    ),
    Flaw(
        "a stop at 25 o'clock",
        _schedule(stop="0 25 * * 1-5"),
        ("spec.lifetime.schedule.stop", "0 25 * * 1-5"),
        _schedule(stop="0 23 * * 1-5"),
    ),
    Flaw(
        "a start on the 30th of February",
        _schedule(start="0 8 30 2 *"),
        ("spec.lifetime.schedule.start", "0 8 30 2 *"),
        _schedule(start="* * * * *", stop="0 0 29 2 *"),
    ),
    Flaw(
        "an object's name that no Service can have",
        {"service": {}},
        ("4090.trainer", "spec.service.name"),
        {"service": {"name": "trainer"}},
        name="4090.trainer",
    ),
    Flaw("an image with a scheme", {"image": "https://ghcr.io/team/tool:1"}, ("spec.image", "leave out")),
    Flaw("an image in capitals", {"image": "docker.io/Team/Tool:1"}, ("spec.image", "small letters")),
    Flaw("an image with a bad tag", {"image": "docker.io/team/tool:a:b"}, ("spec.image", "is no tag")),
)


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.what.replace(" ", "-"))
async def test_a_spec_that_can_never_work_rents_nothing_and_names_the_field(workspace: Workspace, flaw: Flaw) -> None:
    await workspace.novita.set(endpointHost="203.0.113.7")
    await workspace.create(flaw.name, **flaw.spec)

    body = await workspace.until_condition("Scheduled", "False", flaw.reason, name=flaw.name)

    assert [word for word in flaw.says if word not in condition(body, "Ready")["message"]] == []
    assert "Nothing is rented" in condition(body, "Ready")["message"]
    assert condition(body, "Stalled")["status"] == "True"
    assert body["status"]["phase"] in {"Pending", "Scheduling"}
    assert (await workspace.novita.ledger()).created == 0
    if flaw.cured is not None:
        await workspace.edit(flaw.name, **flaw.cured)
        await workspace.until_ready(flaw.name)
        assert (await workspace.novita.ledger()).created == 1


async def test_an_edit_that_can_never_work_starts_no_stopped_instance(workspace: Workspace) -> None:
    await workspace.create()
    await workspace.until_ready()
    await workspace.edit(powerState="Stopped")
    await workspace.until_condition("Ready", "True", "Stopped")
    starts = (await workspace.novita.calls()).of("start")

    await workspace.edit(powerState="Running", **_schedule(timeZone="Europe/Belrin"))

    body = await workspace.until_condition("Ready", "False", "InvalidSpec")
    assert "Europe/Belrin" in condition(body, "Ready")["message"]
    assert (await workspace.novita.calls()).of("start") == starts
    await workspace.edit(**_schedule(timeZone="Europe/Berlin"))
    await workspace.until_ready()
