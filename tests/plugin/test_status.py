"""`status`: a line per instance, for people, for programs, live, and as a picture."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from tests.plugin.conftest import COMMAND, Plugin
from tests.support import waiting
from tests.support.processes import Child


def _read(file: Path) -> str:
    return file.read_text()


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if f"{name} " in line)


async def test_a_ready_instance_has_a_full_bar_its_price_and_what_the_operator_says(plugin: Plugin) -> None:
    await plugin.workspace.create()
    await plugin.workspace.until_ready()

    shown = await plugin.run("status")

    assert shown.code == 0, shown.err
    line = _line(shown.out, "gpu")
    assert "Running" in line
    assert "█████ 5/5" in line
    assert "1x RTX 4090 24GB" in line
    assert "0.35" in line
    assert "1 instance, 1 ready, 1 billed: 0.35 USD/h" in shown.out
    assert f"account {plugin.workspace.account_name}: balance" in shown.out


async def test_what_is_piped_has_no_colours_no_cut_lines_and_no_blanks_at_their_ends(plugin: Plugin) -> None:
    await plugin.workspace.create()
    ready = await plugin.workspace.until_ready()

    shown = await plugin.run("status", TERM="xterm-256color")

    message = next(each["message"] for each in ready["status"]["conditions"] if each["type"] == "Ready")
    assert _line(shown.out, "gpu").endswith(message)
    assert "\x1b" not in shown.out
    assert [line for line in shown.out.splitlines() if line != line.rstrip()] == []


async def test_programs_get_json_with_decimal_strings(plugin: Plugin) -> None:
    await plugin.workspace.create()
    ready = await plugin.workspace.until_ready()

    (row,) = await plugin.read("status")

    assert row["instanceId"] == ready["status"]["instanceId"]
    assert (row["name"], row["ready"], row["stalled"], row["step"], row["steps"]) == ("gpu", True, False, 5, 5)
    assert (row["pricePerHour"], row["region"], row["gpuCount"]) == ("0.35", "CN-HK-01", 1)
    assert re.fullmatch(r"\d+\.\d{2,}", row["cost"])


async def test_an_object_that_needs_a_person_is_shown_and_changes_the_exit_code(plugin: Plugin) -> None:
    await plugin.workspace.create(productName="RTX 9999 1GB")
    await plugin.workspace.until_condition("Stalled", reason="ProductNotFound")

    shown = await plugin.run("status")

    assert shown.code == 1
    assert 'Novita has no product "RTX 9999 1GB"' in shown.out


async def test_a_stopped_instance_costs_nothing_by_the_hour(plugin: Plugin) -> None:
    await plugin.workspace.create()
    await plugin.workspace.until_ready()
    await plugin.workspace.edit(powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    (row,) = await plugin.read("status")

    assert (row["phase"], row["pricePerHour"], row["step"]) == ("Stopped", "0.00", None)
    assert float(row["cost"]) > 0


async def test_without_instances_it_says_so_and_how_to_look_elsewhere(plugin: Plugin) -> None:
    shown = await plugin.run("status")

    assert (shown.code, shown.out) == (0, "No GPUInstances found; -A looks everywhere.\n")


async def test_all_namespaces_are_listed_with_their_names(plugin: Plugin) -> None:
    await plugin.workspace.create(powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    shown = await plugin.anywhere("status", "-A")

    assert shown.out.startswith("NAMESPACE")
    assert any(line.startswith(plugin.workspace.namespace) for line in shown.out.splitlines())


async def test_watching_tells_every_change_until_it_is_interrupted(plugin: Plugin) -> None:
    command = [*COMMAND, "status", "--watch", "-n", plugin.workspace.namespace]
    watching = Child.start(command, plugin.home / "watch.log", plugin.environment())

    async def told() -> bool:
        assert watching.running, watching.output()
        return f"{plugin.workspace.namespace}/gpu  Running" in watching.output()

    try:
        await plugin.workspace.create()
        await waiting.until(told, "the watch tells that it runs", explain=watching.tail)
        watching.send(signal.SIGINT)
        code = await watching.ended()
    finally:
        await watching.kill()

    assert code == 130
    assert "Traceback" not in watching.output()


async def test_the_table_can_be_had_as_a_picture(plugin: Plugin) -> None:
    await plugin.workspace.create(powerState="Stopped")
    await plugin.workspace.until_condition("Ready", reason="Stopped")

    await plugin.run("status", "--svg", "status.svg")

    picture = _read(plugin.home / "status.svg")
    assert picture.startswith("<svg")
    assert "Stopped" in picture
    assert "url(https" not in picture.replace('"', "")
