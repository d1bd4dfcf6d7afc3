"""`explain NAME`: the story of one instance."""

from __future__ import annotations

from tests.plugin.conftest import Plugin


async def test_the_story_goes_from_the_request_to_ready_and_says_why_and_what_it_costs(plugin: Plugin) -> None:
    await plugin.workspace.create(regions=["CN-HK-01", "US-CA-06"], maxPricePerHour="1.00")
    await plugin.workspace.until_ready()
    await plugin.workspace.until_event("Ready")

    shown = await plugin.run("explain", "gpu")

    assert shown.code == 0, shown.err
    words = [line.split()[3] for line in shown.out.splitlines() if line[:2].isdigit()]
    assert words[:3] == ["Requested", "Scheduled", "Created"]
    assert words[-1] == "Ready"
    assert "(OnDemand) in CN-HK-01, US-CA-06, for 1.00 USD/h at most." in shown.out
    assert "Ready=True (Ready)" in shown.out
    assert "Cost: 0.35 USD/h now" in shown.out
    assert "Why this product and region\n  RTX 4090 24GB (4090.16c62g) in CN-HK-01" in shown.out


async def test_regions_without_stock_are_named(plugin: Plugin) -> None:
    await plugin.workspace.novita.sold_out()
    await plugin.workspace.create(regions=["CN-HK-01"], regionPolicy="Require")
    await plugin.workspace.until_condition("Scheduled", "False", "NoCapacity")
    await plugin.workspace.until_event("NoCapacity")

    shown = await plugin.run("explain", "gpu")

    assert "in CN-HK-01 and nowhere else" in shown.out
    assert "NoCapacity" in shown.out
    assert "in CN-HK-01 now. spec.regionPolicy is Require, so no other region is tried." in shown.out


async def test_what_happened_is_told_from_the_status_when_its_events_are_gone(plugin: Plugin) -> None:
    await plugin.workspace.create()
    await plugin.workspace.until_ready()
    await plugin.workspace.until_event("Ready")
    await plugin.workspace.kubectl("delete", "events", "--all")

    story = await plugin.read("explain", "gpu")

    assert [entry["what"] for entry in story["timeline"]] == ["Requested", "Created", "Ready"]
    assert {each["type"] for each in story["conditions"]} >= {"Ready", "Scheduled", "Provisioned", "Synced"}


async def test_a_stuck_instance_changes_the_exit_code(plugin: Plugin) -> None:
    await plugin.workspace.create(maxPricePerHour="0.01")
    await plugin.workspace.until_condition("Stalled", reason="PriceAboveLimit")

    shown = await plugin.run("explain", "gpu")

    assert shown.code == 1
    assert "Stalled=True (PriceAboveLimit)" in shown.out
    assert "is above your limit of 0.01 (spec.maxPricePerHour)" in shown.out


async def test_an_unknown_name_is_a_sentence(plugin: Plugin) -> None:
    shown = await plugin.run("explain", "nobody")

    assert (shown.code, shown.out) == (1, "")
    assert f'there is no GPUInstance "nobody" in namespace {plugin.workspace.namespace}' in shown.err
