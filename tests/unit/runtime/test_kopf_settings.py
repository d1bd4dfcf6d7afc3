"""kopf as a source of watch events only: it posts nothing, writes nothing of its own, and never gives up."""

from __future__ import annotations

from itertools import islice

import kopf

from novita_operator.runtime import kopf_settings


def configured() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    kopf_settings.configure(settings, grace_seconds=45)
    return settings


def test_kopf_posts_no_events_and_scans_for_no_namespaces() -> None:
    assert not configured().posting.enabled
    assert configured().scanning.disabled


def test_a_watch_is_renewed_by_the_server_before_the_client_gives_up() -> None:
    watching = configured().watching

    assert watching.server_timeout is not None
    assert watching.client_timeout is not None
    assert watching.server_timeout < watching.client_timeout


def test_an_api_server_that_is_down_is_asked_for_ever_and_ever_more_rarely() -> None:
    pauses = list(islice(iter(configured().networking.error_backoffs), 1_000))

    assert all(0.5 <= pause <= 60 for pause in pauses)
    assert max(pauses[:2]) <= 2
    assert min(pauses[10:]) >= 30


def test_each_use_of_the_pauses_starts_anew() -> None:
    pauses = configured().networking.error_backoffs

    assert [next(iter(pauses)) <= 1 for _ in range(3)] == [True] * 3


def test_kopf_waits_for_our_own_end_before_it_gives_up() -> None:
    timeout = configured().process.ultimate_exiting_timeout

    assert timeout is not None
    assert timeout > 45
