"""Settings: every knob from its variable, all mistakes at once, by name and range, and no secret in any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from novita_operator.settings import Settings
from novita_operator.settings_complaints import complaints, unknown

OURS = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def _no_settings_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads settings from these variables."""

    def read(**variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return read


def complained(given: Any, **variables: str) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        given(**variables)
    return complaints(raised.value)


# --- What they are --------------------------------------------------------------------------------------------------


def test_without_any_variable_the_documented_defaults_count(given: Any) -> None:
    settings = given()

    assert (settings.novita_api_url, settings.api_timeout, settings.max_retries) == ("https://api.novita.ai", 30_000, 3)
    assert (settings.retry_delay, settings.poll_interval, settings.startup_timeout) == (1_000, 30_000, 600_000)
    assert (settings.default_gpu_type, settings.default_template) == ("RTX 4090 24GB", "pytorch-jupyter")
    assert (settings.default_region, settings.list_lag, settings.own_api_key()) == ("CN-HK-01", 60_000, None)


def test_an_empty_variable_is_an_absent_one(given: Any) -> None:
    assert given(API_TIMEOUT="", NOVITA_API_KEY="").api_timeout == 30_000


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("API_TIMEOUT", 1_000, 120_000),
        ("MAX_RETRIES", 0, 10),
        ("RETRY_DELAY", 0, 60_000),
        ("POLL_INTERVAL", 1_000, 600_000),
        ("STARTUP_TIMEOUT", 60_000, 86_400_000),
        ("LIST_LAG", 0, 600_000),
        ("WORKERS", 1, 256),
        ("HEALTH_PORT", 0, 65_535),
    ],
)
def test_ranges_include_their_ends_and_nothing_beyond(given: Any, name: str, least: int, most: int) -> None:
    for fine in (least, most):
        assert getattr(given(**{name: str(fine)}), name.lower()) == fine
    for wrong in (least - 1, most + 1):
        (complaint,) = complained(given, **{name: str(wrong)})
        assert complaint.startswith(f"{name}: ")
        assert f"{least} to {most}" in complaint


@pytest.mark.parametrize(
    "url", ["https://api.novita.ai", "http://127.0.0.1:8080", "https://example.com/base", "http://[::1]:80"]
)
def test_an_address_is_taken(given: Any, url: str) -> None:
    assert given(NOVITA_API_URL=url).novita_api_url == url


@pytest.mark.parametrize(
    "url",
    [
        "api.novita.ai",
        "ftp://x",
        "https://",
        "https://x?key=1",
        "https://x/#a",
        "https://user:canary-pw@x",
        "https://a b",
    ],
)
def test_what_is_no_plain_address_is_refused_and_not_repeated(given: Any, url: str) -> None:
    (complaint,) = complained(given, NOVITA_API_URL=url)

    assert complaint.startswith("NOVITA_API_URL: ")
    assert "canary" not in complaint


@pytest.mark.parametrize(("word", "level"), [("debug", "DEBUG"), ("Warning", "WARNING"), ("ERROR", "ERROR")])
def test_levels_are_taken_in_any_case(given: Any, word: str, level: str) -> None:
    assert given(LOG_LEVEL=word).log_level == level


@pytest.mark.parametrize(
    ("text", "namespaces"), [("", ()), ("a", ("a",)), (" a , b ,, ", ("a", "b"))], ids=["all", "one", "several"]
)
def test_namespaces_are_read_from_a_list(given: Any, text: str, namespaces: tuple[str, ...]) -> None:
    assert given(WATCH_NAMESPACES=text).namespaces == namespaces


# --- Mistakes -------------------------------------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once(given: Any, tmp_path: Path) -> None:
    found = complained(
        given,
        API_TIMEOUT="soon",
        MAX_RETRIES="11",
        NOVITA_API_URL="nowhere",
        NOVITA_API_KEY="two words",
        NOVITA_API_KEY_FILE=str(tmp_path / "absent"),
        LOG_LEVEL="LOUD",
        LOG_FORMAT="xml",
        CLUSTER_ID="UPPER",
        WORKERS="0",
    )

    told = {complaint.split(":")[0] for complaint in found}
    keys = {"NOVITA_API_KEY", "NOVITA_API_KEY_FILE", "NOVITA_API_URL"}
    assert told == keys | {"API_TIMEOUT", "CLUSTER_ID", "LOG_FORMAT", "LOG_LEVEL", "MAX_RETRIES", "WORKERS"}
    assert len(found) == len(told)


def test_mistakes_between_two_settings_are_told_with_all_others(given: Any, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_file")

    found = "\n".join(
        complained(
            given,
            NOVITA_API_KEY="sk_canary_key",
            NOVITA_API_KEY_FILE=str(key),
            LEADER_ELECTION="true",
            LEASE_DURATION="10000",
            WORKERS="0",
        )
    )

    assert "NOVITA_API_KEY_FILE: NOVITA_API_KEY is set, too; keep one of them" in found
    assert "LEASE_DURATION: must be at least 1.5 times API_TIMEOUT" in found
    assert "WORKERS: " in found
    assert "canary" not in found


def test_a_lease_that_is_not_used_may_be_short(given: Any) -> None:
    assert given(LEASE_DURATION="3000").lease_duration == 3_000


@pytest.mark.parametrize(
    "variables",
    [
        {"NOVITA_API_KEY": "canary key with blanks"},
        {"NOVITA_API_KEY": "canary-with-ümlaut"},
        {"NOVITA_API_KEY": "canary\nInjected: header"},
        {"WEBHOOK_SECRET": "canary"},
        {"WEBHOOK_URL": "https://user:canary@example.com"},
        {"API_TIMEOUT": "canary"},
        {"LOG_LEVEL": "canary"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_no_complaint_repeats_a_value(given: Any, variables: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as raised:
        given(**variables)

    assert "canary" not in "".join(complaints(raised.value))
    assert "canary" not in str(raised.value)


# --- The key --------------------------------------------------------------------------------------------------------


def test_the_key_is_never_printed(given: Any) -> None:
    settings = given(NOVITA_API_KEY=" sk_canary_key ")

    assert settings.own_api_key().get_secret_value() == "sk_canary_key"
    assert "canary" not in f"{settings!r} {settings}"


def test_a_key_in_a_file_is_read_anew_each_time(given: Any, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk_first\n")
    settings = given(NOVITA_API_KEY_FILE=str(path))
    first = settings.own_api_key().get_secret_value()

    path.write_text("sk_second")

    assert (first, settings.own_api_key().get_secret_value()) == ("sk_first", "sk_second")


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_holds_no_key(given: Any, tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)

    assert given(NOVITA_API_KEY_FILE=str(path)).own_api_key() is None


def test_a_folder_is_no_file_with_a_key(given: Any, tmp_path: Path) -> None:
    (complaint,) = complained(given, NOVITA_API_KEY_FILE=str(tmp_path))

    assert complaint.startswith("NOVITA_API_KEY_FILE: names no readable file")


# --- What is none ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("STUCK_AFTER", "STUCK_AFTER is no setting any more and does nothing; remove it"),
        ("NOVITA_APIKEY", "NOVITA_APIKEY is no setting and does nothing; did you mean NOVITA_API_KEY?"),
        ("poll_intervall", "poll_intervall is no setting and does nothing; did you mean POLL_INTERVAL?"),
        ("DEFAULT_REGIONS", "DEFAULT_REGIONS is no setting and does nothing; did you mean DEFAULT_REGION?"),
        (
            "NOVITA_SOMETHING",
            "NOVITA_SOMETHING is no setting and does nothing; docs/reference/settings.md lists those that exist",
        ),
    ],
)
def test_a_variable_that_looks_like_a_setting_and_is_none_is_named(name: str, sentence: str) -> None:
    assert unknown([name]) == [sentence]


@pytest.mark.parametrize(
    "name",
    [
        *OURS,
        "PATH",
        "LOG_PATH",
        "KUBERNETES_PORT",
        "KUBERNETES_SERVICE_HOST",
        "NOVITA_OPERATOR_SERVICE_HOST",
        "NOVITA_OPERATOR_SERVICE_PORT_HTTP",
        "NOVITA_OPERATOR_PORT_8080_TCP_ADDR",
        "NOVITA_CRASH_AT",
    ],
)
def test_settings_and_what_others_set_are_not_warned_about(name: str) -> None:
    assert unknown([name]) == []
