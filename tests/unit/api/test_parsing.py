"""Objects are read whoever wrote them: what deletion needs survives a broken spec and a status of another version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.support.builders import NOON, UID, a_body, ago, wire

from novita_operator.api.gpu_instance.reasons import Phase, Reason
from novita_operator.api.gpu_instance.resource import GPUInstance, account_of
from novita_operator.api.gpu_instance.spec import GPUInstanceSpec
from novita_operator.api.meta import Meta
from novita_operator.api.novita_account.resource import NovitaAccount


def parsed(**parts: Any) -> GPUInstance:
    return GPUInstance.parse(a_body(**parts))


# --- The spec -------------------------------------------------------------------------------------------------------


def test_an_empty_spec_has_every_default() -> None:
    spec = parsed().spec

    assert (spec.account_ref.name, spec.gpu_count, spec.billing, spec.rootfs_size_gb) == ("default", 1, "OnDemand", 60)
    assert (spec.power_state, spec.deletion_policy, spec.region_policy) == ("Running", "Delete", "Prefer")
    assert (spec.startup.timeout_seconds, spec.startup.on_timeout) == (None, "Delete")


@pytest.mark.parametrize("body", [{}, {"spec": None}, {"spec": {}}], ids=["absent", "null", "empty"])
def test_a_spec_may_be_absent(body: dict[str, Any]) -> None:
    whole = {"metadata": a_body()["metadata"]} | body

    assert GPUInstance.parse(whole).spec == GPUInstanceSpec()


def test_prices_are_exact() -> None:
    assert parsed(spec={"maxPricePerHour": "1.10"}).spec.max_price_per_hour == Decimal("1.10")


def test_fields_of_a_newer_version_are_left_aside() -> None:
    resource = parsed(spec={"gpuCount": 2, "somethingNewer": {"a": 1}})

    assert resource.spec.gpu_count == 2
    assert resource.unreadable is None


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"gpuCount": "many"}, "spec.gpuCount"),
        ({"gpuCount": 9}, "spec.gpuCount"),
        ({"billing": "Monthly"}, "spec.billing"),
        ({"maxPricePerHour": "cheap"}, "spec.maxPricePerHour"),
        ({"env": [{"name": "A", "value": 7}]}, "spec.env.0.value"),
        ({"startup": {"timeoutSeconds": 1}}, "spec.startup.timeoutSeconds"),
        ({"template": "pytorch"}, "spec.template"),
    ],
)
def test_a_spec_that_cannot_be_read_is_named_by_field(spec: dict[str, Any], field: str) -> None:
    resource = parsed(spec=spec)

    assert resource.unreadable is not None
    assert field in resource.unreadable.message


def test_no_value_of_an_unreadable_spec_is_told() -> None:
    """Everybody who can read the object reads the message, and one of the values may be a password."""
    spec = {
        "env": [
            {"name": "TOKEN canary-1", "value": "canary-2" * 900},
            {"name": "A", "value": {"canary-3": "canary-4"}},
        ],
        "billing": "canary-5",
        "maxPricePerHour": "canary-6",
        "image": ["canary-7"],
    }

    unreadable = parsed(spec=spec).unreadable

    assert unreadable is not None
    assert "canary" not in unreadable.message


def test_of_many_complaints_a_few_are_told() -> None:
    spec = {"env": [{"name": "A", "value": number} for number in range(50)]}

    unreadable = parsed(spec=spec).unreadable

    assert unreadable is not None
    assert unreadable.message.count("spec.env") == 5


def test_what_deletion_needs_is_read_out_of_a_broken_spec() -> None:
    resource = parsed(spec={"gpuCount": "many", "deletionPolicy": "Retain", "accountRef": {"name": "team-a"}})

    assert resource.unreadable is not None
    assert resource.unreadable.can_delete
    assert (resource.spec.deletion_policy, resource.spec.account_ref.name) == ("Retain", "team-a")


@pytest.mark.parametrize(
    "broken", [{"deletionPolicy": "Archive"}, {"accountRef": "team-a"}, {"accountRef": {"name": "A b"}}]
)
def test_where_deletion_itself_is_unclear_it_is_said(broken: dict[str, Any]) -> None:
    resource = parsed(spec=broken)

    assert resource.unreadable is not None
    assert not resource.unreadable.can_delete


@pytest.mark.parametrize("spec", ["text", ["list"], 7, True])
def test_a_spec_that_is_no_object_is_no_crash(spec: Any) -> None:
    body = a_body() | {"spec": spec}

    unreadable = GPUInstance.parse(body).unreadable

    assert unreadable is not None
    assert "text" not in unreadable.message


# --- The status -----------------------------------------------------------------------------------------------------


def test_a_status_is_read_back_as_it_was_written() -> None:
    status = {
        "instanceId": "i-1",
        "startedAt": wire(ago(60)),
        "cost": {"amount": "1.2000", "since": wire(NOON), "asOf": wire(NOON)},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Ready",
                "message": "It runs.",
                "lastTransitionTime": wire(NOON),
                "observedGeneration": 3,
            }
        ],
    }

    assert parsed(status=status).status.to_wire() == status


@pytest.mark.parametrize(
    "status",
    [
        {"conditions": "all fine"},
        {"conditions": [{"type": "Ready"}]},
        {"startedAt": "yesterday"},
        {"cost": {"amount": 7}},
        {"connection": []},
        {"failure": {"reason": "Old"}},
        {"phase": "x" * 99},
    ],
)
def test_a_status_of_another_version_keeps_the_id(status: dict[str, Any]) -> None:
    """Without it a paid instance would be forgotten."""
    resource = parsed(status=status | {"instanceId": "i-1"})

    assert resource.status.instance_id == "i-1"
    assert resource.status.conditions == ()


def test_of_a_list_in_a_status_only_the_entries_that_cannot_be_read_are_left_out_and_told() -> None:
    fine = {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": wire(NOON)}
    resource = parsed(status={"instanceId": "i-1", "conditions": [7, fine, {"type": "Synced"}], "phase": "Running"})

    assert [each.type for each in resource.status.conditions] == ["Ready"]
    assert (resource.status.instance_id, resource.status.phase) == ("i-1", "Running")
    assert "status.conditions.0" in resource.lost
    assert "status.conditions.2.status" in resource.lost


def test_of_a_list_in_a_spec_nothing_is_left_out_alone() -> None:
    """Another list of ports, or another env, would be something that nobody has asked for."""
    resource = parsed(spec={"env": [{"name": "A", "value": "1"}, {"name": 7}]})

    assert resource.spec.env == ()
    assert resource.unreadable is not None


@pytest.mark.parametrize("instance_id", [7, None, ["i-1"], {"a": 1}])
def test_an_id_that_is_no_text_is_none(instance_id: Any) -> None:
    assert parsed(status={"instanceId": instance_id, "phase": 7}).status.instance_id is None


@pytest.mark.parametrize("status", ["text", ["list"], 7])
def test_a_status_that_is_no_object_is_no_crash(status: Any) -> None:
    body = a_body() | {"status": status}

    assert GPUInstance.parse(body).status.instance_id is None


def test_words_of_another_version_are_unknown_and_no_crash() -> None:
    assert Reason("ReasonOfNextYear") is Reason.UNKNOWN_STATUS
    assert Phase("PhaseOfNextYear") is Phase.UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["gpuCount", "env", "ports", "template", "startup", "regions", "volumes"]), JSON),
    st.dictionaries(st.sampled_from(["conditions", "instanceId", "cost", "failure", "connection", "startedAt"]), JSON),
)
def test_nothing_that_a_body_may_hold_raises(spec: dict[str, Any], status: dict[str, Any]) -> None:
    resource = GPUInstance.parse(a_body(spec=spec, status=status))

    assert resource.meta.uid == UID
    assert resource.spec.deletion_policy == "Delete"


# --- The metadata ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["finalizers", "annotations", "labels"])
def test_null_is_how_the_api_server_may_say_none(field: str) -> None:
    assert not getattr(Meta.parse(a_body()["metadata"] | {field: None}), field)


@pytest.mark.parametrize("field", ["name", "uid", "creationTimestamp"])
def test_an_object_without_an_identity_cannot_be_read(field: str) -> None:
    metadata = {key: value for key, value in a_body()["metadata"].items() if key != field}

    with pytest.raises(ValidationError):
        Meta.parse(metadata)


# --- NovitaAccount --------------------------------------------------------------------------------------------------


def test_an_account_without_a_spec_has_every_default() -> None:
    spec = NovitaAccount.parse({"metadata": a_body()["metadata"]}).spec

    assert (spec.api_key_secret_ref, spec.base_url, spec.namespaces, spec.orphans) == (None, None, None, "Report")
    assert (spec.limits.requests_per_minute, spec.limits.max_concurrent_creates) == (100, 3)


def test_one_deletion_in_an_accounts_status_that_cannot_be_read_hides_no_other() -> None:
    """What is noted there ends at Novita: without it, an instance would be nobody's."""
    body = {"metadata": a_body()["metadata"], "status": {"departed": [7, UID, None]}}

    assert NovitaAccount.parse(body).status.departed == (UID,)


def test_an_accounts_status_of_another_version_is_an_empty_one() -> None:
    body = {"metadata": a_body()["metadata"], "status": {"conditions": "fine", "balance": 7}}

    assert NovitaAccount.parse(body).status.conditions == ()


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"accountRef": {"name": "team-a"}},
        {"accountRef": {"name": "team-a"}, "gpuCount": "many"},
        {"accountRef": {"name": "team-a"}, "deletionPolicy": "Archive"},
        {"accountRef": "team-a"},
        {"accountRef": {"name": "A b"}},
    ],
)
def test_the_account_alone_is_the_one_that_reading_everything_finds(spec: dict[str, Any]) -> None:
    assert account_of(a_body(spec=spec)) == parsed(spec=spec).spec.account_ref.name
