"""Who is told, and what of a URL is shown."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from tests.unit.support.builders import an_object

from novita_operator.webhooks import receivers
from novita_operator.webhooks.receivers import DEFAULT, Default

OURS = Default(SecretStr("http://receiver.novita-system.svc/hook?token=canary"), SecretStr("operators-secret"))


def test_an_object_without_receivers_is_told_of_to_the_operators_own() -> None:
    (found,) = receivers.of(an_object(), OURS)

    assert (found.id, found.url, found.secret, found.trusted) == (DEFAULT, OURS.url, OURS.secret, True)


def test_an_object_with_receivers_is_told_of_to_them_alone_and_they_are_not_trusted() -> None:
    spec = {"notifications": [{"url": "https://a.example/"}, {"url": "https://b.example/", "secretRef": {"name": "k"}}]}

    found = receivers.of(an_object(spec=spec), OURS)

    assert [each.shown for each in found] == ["https://a.example", "https://b.example"]
    assert not any(each.trusted for each in found)
    assert [each.secret_ref is None for each in found] == [True, False]


def test_without_any_setting_nobody_is_told() -> None:
    assert receivers.of(an_object(), Default()) == ()


def test_one_url_with_two_entries_is_found_by_the_event() -> None:
    url = "https://a.example/"
    first = {"url": url, "events": ["instance.ready"], "secretRef": {"name": "one"}}
    second = {"url": url, "events": ["instance.failed"], "secretRef": {"name": "two"}}
    both = receivers.of(an_object(spec={"notifications": [first, second]}), Default())

    found = receivers.find(both, receivers.id_of(url), "instance.failed")

    assert found is not None
    assert found.secret_ref is not None
    assert found.secret_ref.name == "two"


def test_a_receiver_that_was_taken_out_of_the_spec_is_not_found() -> None:
    assert (
        receivers.find(receivers.of(an_object(), OURS), receivers.id_of("https://a.example/"), "instance.ready") is None
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/services/T0/canary", "https://a.example"),
        ("http://a.example:8080/?token=canary", "http://a.example:8080"),
        ("https://[2001:db8::1]:8443/canary", "https://[2001:db8::1]:8443"),
        ("https://canary:canary@a.example/", "https://a.example"),
        ("https://[canary", "a URL that cannot be read"),
        ("https://a.example:canary/", "a URL that cannot be read"),
    ],
)
def test_of_a_url_only_scheme_host_and_port_are_shown(url: str, shown: str) -> None:
    assert receivers.origin(SecretStr(url)) == shown
