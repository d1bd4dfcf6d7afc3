"""What is told, and to whom: reports can be attached to an issue."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.verification.conftest import KEY, Account

from novita_operator.verification import command
from novita_operator.verification import report as reports
from novita_operator.verification.assumptions import catalogue

_REGISTRY_PASSWORD = "hunter2"


async def test_no_key_id_name_or_password_is_in_a_report(account: Account) -> None:
    await account.fill()
    private = {KEY, account.url, "canary", _REGISTRY_PASSWORD, "team-registry", "robot"}
    for row in (await account.tenant.read("instances"))["instances"]:
        ssh = row["connectComponentSSH"]
        private |= {row["id"], ssh["password"], ssh["sshCommand"], *(port["endpoint"] for port in row["portMappings"])}
    await account.tenant.set(sshForm="top-level", errorBody="message", wrapInstance=True)
    found = await account.verify(spend="0.10")
    private |= {row["id"] for row in (await account.tenant.read("ledger"))["instances"]}

    for text in (reports.as_text(found), reports.as_json(found)):
        assert [each for each in private if each in text] == []


async def test_whatever_novita_writes_into_any_field_stays_out(account: Account) -> None:
    await account.fill()
    canary = "canary-in-every-field"
    fields = ("name", "status", "billingMode", "createdAt", "gpuNum", "keepDataDay", "node", "portMappings", canary)
    await account.tenant.set(overlay=dict.fromkeys(fields, canary), totalAs="absent")
    for route in ("clusters", "jobs", "balance", "templates", "registryAuths", "networkStorages", "unknown"):
        body = {canary: canary, "data": [{"id": canary, "password": canary}], "jobs": [{"Id": canary, "state": canary}]}
        await account.tenant.fault("status", route=route, status=200, body=body)

    found = await account.verify()

    assert canary not in reports.as_text(found) + reports.as_json(found)


async def test_what_differs_comes_first_with_its_section_and_what_it_means(account: Account) -> None:
    await account.tenant.set(notFound=400)

    text = reports.as_text(await account.verify())

    assert "DIFFERS  not-found-status (novita-api 1.5)\n  assumed:   An instance that does not exist" in text
    assert "  seen:      answered with 400\n  otherwise: The client takes 400 with a reason" in text


async def test_the_json_has_every_assumption_and_the_sums(account: Account) -> None:
    body = json.loads(reports.as_json(await account.verify()))

    assert [each["id"] for each in body["assumptions"]] == [each.key for each in catalogue.ALL]
    assert sum(body["summary"].values()) == len(catalogue.ALL)
    assert (body["spent"], body["target"]) == (None, "another address")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"output": "xml"}, "neither text nor json"),
        ({"spend": "much"}, "no sum in USD"),
        ({"spend": "11"}, "no sum in USD"),
        ({"spend": "0"}, "no sum in USD"),
        ({"key_file": Path("/does/not/exist")}, "cannot be read"),
        ({"key": ""}, "set NOVITA_API_KEY"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_asked(
    change: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = {"key_file": None, "key": KEY, "url": "http://127.0.0.1:9", "spend": "", "output": "text"}

    code = command.main(command.Given(**{**usual, **change}))

    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in error
    assert KEY not in error


async def _run(environment: Mapping[str, str]) -> tuple[int, str]:
    """The real program: its exit code and what it says."""
    words = [sys.executable, "-m", "novita_operator", "verify"]
    process = await asyncio.create_subprocess_exec(*words, env=dict(environment), stderr=asyncio.subprocess.PIPE)
    _, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, error.decode()


async def test_a_refused_key_verifies_nothing(account: Account) -> None:
    code, said = await _run({"NOVITA_API_KEY": "sk_another", "NOVITA_API_URL": account.url})

    assert (code, "refuses the key (401)" in said) == (3, True)


async def test_an_address_that_is_silent_verifies_nothing() -> None:
    code, said = await _run({"NOVITA_API_KEY": KEY, "NOVITA_API_URL": "http://127.0.0.1:9"})

    assert (code, "no answer" in said) == (3, True)
