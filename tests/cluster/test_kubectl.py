"""What a user of kubectl sees: columns that fit, conditions and Events in describe, explanations, waiting."""

from __future__ import annotations

import re

import pytest
from tests.support.workspace import Workspace

_TERMINAL = 120
_WIDE_TERMINAL = 200
# Virtual seconds of the simulator from Creating to Pulling, and from there to Running.
_ONE_STEP = 3.0


@pytest.fixture
async def shown(workspace: Workspace) -> Workspace:
    """A workspace with a Ready object whose columns are as wide as they usually get."""
    await workspace.create("trainer-with-a-long-name-7", gpuCount=8, productName="RTX 4090 24GB")
    await workspace.until_ready("trainer-with-a-long-name-7")
    return workspace


async def test_the_columns_of_get_fit_a_terminal(shown: Workspace) -> None:
    printed = await shown.kubectl("get", "gpui")

    header, row = printed.out.splitlines()
    assert header.split() == ["NAME", "PHASE", "READY", "GPU", "COUNT", "REGION", "$/H", "AGE"]
    missing = [cell for cell in ("Running", "True", "RTX 4090 24GB", "CN-HK-01", "2.80") if cell not in row]
    assert not missing, row
    assert max(map(len, (header, row))) <= _TERMINAL


async def test_the_wide_columns_fit_a_wide_terminal(shown: Workspace) -> None:
    printed = await shown.kubectl("get", "gpuinstances", "-o", "wide")

    header, row = printed.out.splitlines()
    assert header.split()[-6:] == ["ENDPOINT", "AGE", "ID", "BILLING", "COST", "REASON"]
    assert "proxy.cn-hongkong-1.gpu-instance.novita.ai:" in row
    assert "OnDemand" in row
    assert max(map(len, (header, row))) <= _WIDE_TERMINAL


async def test_the_category_lists_everything_of_ours(shown: Workspace) -> None:
    printed = await shown.kubectl("get", "novita")

    assert "gpuinstance.gpu.novita.ai/trainer-with-a-long-name-7" in printed.out
    assert f"novitaaccount.gpu.novita.ai/{shown.account_name}" in printed.out


async def test_describe_shows_conditions_and_events_in_order(workspace: Workspace) -> None:
    await workspace.novita.stand_still()
    await workspace.create()
    for reason in ("Creating", "Pulling"):
        await workspace.until_condition("Ready", "False", reason)
        await workspace.novita.pass_seconds(_ONE_STEP)
    await workspace.until_event("Ready")

    printed = (await workspace.kubectl("describe", "gpui", "gpu")).out

    told = printed[printed.index("Events:") :]
    assert "Type:                  Ready" in printed
    assert re.findall(r"  (Scheduled|Created|Pulling|Ready) ", told) == ["Scheduled", "Created", "Pulling", "Ready"]


async def test_wait_ends_when_the_object_is_ready(workspace: Workspace) -> None:
    await workspace.create()

    waited = await workspace.kubectl("wait", "--for=condition=Ready", "gpui/gpu", "--timeout=60s")

    assert waited.code == 0, waited.err
    assert "condition met" in waited.out


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("gpuinstance", "rented at Novita.ai"),
        ("gpuinstance.spec.startup", "onTimeout"),
        ("gpuinstance.spec.startup.timeoutSeconds", "STARTUP_TIMEOUT"),
        ("gpuinstance.status.connection", "The ssh command"),
        ("novitaaccount.spec.apiKeySecretRef", "operator's namespace"),
    ],
)
async def test_explain_says_what_a_field_is_for(workspace: Workspace, path: str, says: str) -> None:
    printed = await workspace.kubectl("explain", path)

    assert printed.code == 0, printed.err
    assert says in " ".join(printed.out.split())


async def test_the_columns_of_an_account_fit_a_terminal(shown: Workspace) -> None:
    printed = await shown.kubectl("get", "nva", shown.account_name)

    header, row = printed.out.splitlines()
    assert header.split() == ["NAME", "READY", "BALANCE", "$/H", "HOURS-LEFT", "MANAGED", "ORPHANED", "AGE"]
    assert "True" in row
    assert max(map(len, (header, row))) <= _TERMINAL
