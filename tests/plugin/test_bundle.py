"""`support-bundle`: everything that helps, and nothing that is secret."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.plugin.conftest import Plugin
from tests.support import builders, kube

from novita_operator.plugin import redaction


def _files(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {}
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None
            found[entry.name.partition("/")[2]] = content.read().decode()
    return found


async def test_objects_events_findings_and_versions_are_in_it_and_no_secret(plugin: Plugin) -> None:
    workspace = plugin.workspace
    await workspace.apply(kube.SECRETS, builders.secret("keys", workspace.namespace, token="canary-of-a-secret"))
    env = [
        {"name": "LITERAL", "value": "canary-literal"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
    ]
    hook = {
        "url": "https://hooks.example.com/canary-path?key=canary-query",
        "secretRef": {"name": "keys", "key": "token"},
    }
    await workspace.create(
        image="registry.example.com/x:1",
        command="run --token=canary-command",
        env=env,
        notifications=[hook],
        annotations={"team.example.com/note": "canary-annotation", "gpu.novita.ai/paused": "false"},
    )
    await workspace.until_ready()
    await workspace.until_event("Ready")

    made = await plugin.run("support-bundle", "-f", "bundle.tar.gz")
    files = _files(plugin.home / "bundle.tar.gz")

    assert made.code == 0, made.err
    body = yaml.safe_load(files[f"objects/gpuinstances/{workspace.namespace}/gpu.yaml"])
    assert body["spec"]["env"][0] == {"name": "LITERAL", "value": redaction.GONE}
    assert body["spec"]["env"][1]["valueFrom"]["secretKeyRef"]["name"] == "keys"
    assert body["metadata"]["annotations"]["gpu.novita.ai/paused"] == "false"
    assert body["status"]["phase"] == "Running"
    assert "Ready" in {event["reason"] for event in json.loads(files["events.json"])}
    assert json.loads(files["versions.json"])["apiVersions"] == ["v1alpha1"]
    assert {"ok"} <= {each["level"] for each in json.loads(files["doctor.json"])}
    everything = "\n".join(files.values())
    plugin.printed.append(everything)  # looked through for key and passwords like every output
    assert [word for word in everything.split() if "canary" in word] == []


async def test_a_file_that_exists_is_not_written_over(plugin: Plugin) -> None:
    target = plugin.home / "bundle.tar.gz"
    target.write_text("mine")

    refused = await plugin.run("support-bundle", "-f", str(target))

    assert refused.code == 1
    assert "exists" in refused.err
    assert target.read_text() == "mine"


def test_what_can_hold_a_secret_is_taken_out_wherever_it_is() -> None:
    body: dict[str, Any] = {
        "metadata": {"annotations": {"a/b": "x", "gpu.novita.ai/paused": "true"}, "managedFields": [{}]},
        "spec": {"template": {"spec": {"env": [{"name": "A", "value": "x"}], "tools": {"jupyter": True}}}},
        "status": {"connection": {"jupyter": "https://host.example/?token=x", "webTerminal": "https://host.example"}},
    }

    assert redaction.cleaned(body) == {
        "metadata": {"annotations": {"a/b": redaction.GONE, "gpu.novita.ai/paused": "true"}},
        "spec": {"template": {"spec": {"env": [{"name": "A", "value": redaction.GONE}], "tools": {"jupyter": True}}}},
        "status": {
            "connection": {
                "jupyter": f"https://host.example/{redaction.GONE}",
                "webTerminal": "https://host.example",
            }
        },
    }


ADDRESSES = {
    "https://host.example/hook#token=canary": f"https://host.example/{redaction.GONE}",
    "https://host.example#canary": f"https://host.example/{redaction.GONE}",
    "https://host.example/?q=canary": f"https://host.example/{redaction.GONE}",
    "https://host.example/;canary": f"https://host.example/{redaction.GONE}",
    "https://user:canary@host.example": f"https://host.example/{redaction.GONE}",
    "https://user:canary@host.example:8443/": f"https://host.example:8443/{redaction.GONE}",
    "http://[fd00::7]:80/canary": f"http://[fd00::7]:80/{redaction.GONE}",
    "https://host.example:canary/": redaction.GONE,
    "canary": redaction.GONE,
    "https://host.example": "https://host.example",
    "https://host.example:8443/": "https://host.example:8443/",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_of_an_address_only_the_host_is_kept(address: str) -> None:
    assert redaction.cleaned({"url": address}) == {"url": ADDRESSES[address]}


def test_addresses_in_messages_and_under_other_names_are_cut_as_well() -> None:
    body = {
        "status": {
            "conditions": [{"message": "see https://host.example/a#canary, then https://user:canary@b.example."}]
        },
        "example": "wss://host.example/socket?token=canary",
        "ssh": "root@203.0.113.7",
    }

    cleaned = redaction.cleaned(body)

    assert "canary" not in str(cleaned)
    assert cleaned["ssh"] == "root@203.0.113.7"
    assert cleaned["example"] == f"wss://host.example/{redaction.GONE}"
