"""Values that YAML, Helm or Kubernetes take for something else: null, and strings that look like numbers or truth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from tests.packaging.rendering import CHART, Refusal, render

# Everything that is off by default is on, so that every template says something.
ALL_ON: dict[str, Any] = {
    "replicaCount": 2,
    "simulator": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")},
}
# An empty one means the same as its default, so that null, which takes the default away, is as good.
NULL_IS_EMPTY = {
    "global", "nameOverride", "fullnameOverride", "commonLabels", "image.tag", "image.digest", "imagePullSecrets",
    "watchNamespaces", "className", "webhook.secretName", "settings", "settings.logFormat", "simulator.enabled",
    "simulator.resources", "crds.annotations", "uninstall.confirmation", "serviceAccount.name",
    "serviceAccount.annotations", "podLabels", "podAnnotations", "podSecurityContext", "securityContext", "resources",
    "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName", "extraEnv",
    "extraVolumes", "extraVolumeMounts", "extraObjects", "networkPolicy.enabled", "networkPolicy.publicCIDRs",
    "networkPolicy.exceptCIDRs", "networkPolicy.metricsFrom", "metrics.serviceMonitor.enabled",
    "metrics.serviceMonitor.labels", "metrics.prometheusRule.enabled", "metrics.prometheusRule.labels",
    "metrics.dashboard.enabled", "metrics.dashboard.labels",
}  # fmt: skip
# Part of a map that users shape themselves: null takes out one of its entries.
FREE = ("resources.", "simulator.resources.", "podSecurityContext.", "securityContext.", "metrics.dashboard.labels.")
# What YAML takes for a number, a truth value, nothing, a time or an octal number where it stands without quotes.
STRANGE = ("123", "1e3", "0x1f", "yes", "off", "null", "2024-01-01", "0123")
SENTINEL = "zqx"


def _paths(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield above + name
        if isinstance(value, Mapping):
            yield from _paths(value, f"{above}{name}.")


DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
NAMED = [path for path in _paths(DEFAULTS) if not path.startswith(FREE)]


def _merged(target: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    inner = target.get(first)
    known = inner if isinstance(inner, dict) else {}
    return target | {first: _merged(known, rest, value) if rest else value}


def test_null_is_as_good_as_empty_where_empty_means_something() -> None:
    values: dict[str, Any] = {"networkPolicy": {"enabled": True}, "replicaCount": 2}
    for path in (path for path in NAMED if path in NULL_IS_EMPTY - {"settings.logFormat", "networkPolicy.enabled"}):
        values = _merged(values, path, None)

    assert render(values=values)


@pytest.mark.parametrize("path", ["settings.logFormat", "networkPolicy.enabled", "simulator.resources"])
def test_null_inside_of_what_is_given_is_as_good_as_empty(path: str) -> None:
    assert render(values=_merged(ALL_ON, path, None))


@pytest.mark.parametrize("groups", [True, False], ids=["groups of values", "single values"])
def test_null_is_refused_by_name_where_the_chart_needs_a_value(groups: bool) -> None:
    needed = [path for path in NAMED if path not in NULL_IS_EMPTY]
    inner = {path.rpartition(".")[0] for path in NAMED}
    chosen = [path for path in needed if (path in inner) is groups and not (groups and "." in path)]
    values: dict[str, Any] = {}
    for path in chosen:
        values = _merged(values, path, None)

    with pytest.raises(Refusal) as caught:
        render(values=values)

    assert len(chosen) > 5
    for path in chosen:
        assert f"'{path.rpartition('.')[2]}'" in caught.value.text, path


def test_null_takes_away_one_entry_of_a_map_that_users_shape() -> None:
    (container,) = _deployment(render(values={"resources": {"limits": {"memory": None}}}))

    assert container["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {}}


def test_null_for_a_setting_means_the_operators_own_default() -> None:
    (container,) = _deployment(render(values={"settings": {"logFormat": None, "pollInterval": None}}))

    assert not {"LOG_FORMAT", "POLL_INTERVAL"} & {variable["name"] for variable in container["env"]}


def _deployment(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    (found,) = (body for body in objects if body["kind"] == "Deployment")
    containers: list[dict[str, Any]] = found["spec"]["template"]["spec"]["containers"]
    return containers


def _everywhere(word: str) -> dict[str, Any]:
    """Every string that users choose freely is this one."""
    labels = {"example.com/label": word}
    return ALL_ON | {
        "simulator": {"enabled": False},
        "nameOverride": word,
        "fullnameOverride": word,
        "commonLabels": labels,
        "image": {"repository": word, "tag": word},
        "imagePullSecrets": [{"name": word}],
        "watchNamespaces": [word],
        "className": word,
        "account": {"secretName": word, "secretKey": word},
        "webhook": {"secretName": word, "urlKey": word, "signingKey": word},
        "settings": {"defaultRegion": word, "defaultGpuType": word},
        "crds": {"annotations": labels},
        "serviceAccount": {"name": word, "annotations": labels},
        "podLabels": {"example.com/pod": word},
        "podAnnotations": labels,
        "nodeSelector": labels,
        "priorityClassName": word,
        "extraEnv": [{"name": "FREE", "value": word}],
        "extraVolumes": [{"name": word, "configMap": {"name": word}}],
        "extraVolumeMounts": [{"name": word, "mountPath": f"/{word}"}],
        "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": word}, "data": labels}],
        "metrics": {
            name: {"enabled": True, "labels": {"example.com/metrics": word}}
            for name in ("serviceMonitor", "prometheusRule", "dashboard")
        },
    }


@pytest.mark.parametrize("word", STRANGE)
def test_a_string_stays_a_string_whatever_it_looks_like(word: str) -> None:
    usual = render(values=_everywhere(SENTINEL), release=SENTINEL, namespace=SENTINEL)

    strange = render(values=_everywhere(word), release=word, namespace=word)

    assert strange == _said_otherwise(usual, word)


@pytest.mark.parametrize("word", ["123", "no", "null"])
def test_release_and_namespace_may_look_like_anything_with_all_defaults(word: str) -> None:
    usual = render(values=ALL_ON, release=SENTINEL, namespace=SENTINEL)

    strange = render(values=ALL_ON, release=word, namespace=word)

    assert _without_key(strange) == _without_key(_said_otherwise(usual, word))


NAMES = [
    "fullnameOverride", "account.secretName", "webhook.secretName", "serviceAccount.name", "priorityClassName",
    "className", "watchNamespaces",
]  # fmt: skip
ENTRIES = ["nameOverride", "account.secretKey", "webhook.urlKey", "webhook.signingKey"]
NO_NAMES = {
    "other-letters": "g\N{LATIN SMALL LETTER U WITH DIAERESIS}nther",
    "space": "a b",
    "slash": "a/b",
    "line": "a\nb",
    "template": "{{ .Release.Name }}",
    "too-long": "a" * 254,
}


@pytest.mark.parametrize("case", [*NO_NAMES, "capital"])
@pytest.mark.parametrize("path", NAMES)
def test_what_no_object_can_be_called_is_refused_by_name(path: str, case: str) -> None:
    _refuses(path, NO_NAMES.get(case, "Gpu"))


@pytest.mark.parametrize("case", NO_NAMES)
@pytest.mark.parametrize("path", ENTRIES)
def test_what_no_label_and_no_entry_can_be_called_is_refused_by_name(path: str, case: str) -> None:
    _refuses(path, NO_NAMES[case])


def _refuses(path: str, word: str) -> None:
    value = [word] if isinstance(_at(DEFAULTS, path), list) else word

    with pytest.raises(Refusal) as caught:
        render(values=_merged({}, path, value))

    assert path.replace(".", "/") in caught.value.text


def _at(values: Mapping[str, Any], path: str) -> Any:
    for name in path.split("."):
        values = values[name]
    return values


def _said_otherwise(objects: list[dict[str, Any]], word: str) -> list[dict[str, Any]]:
    """The same objects; a Service, and whoever calls it, has a letter before a digit."""
    served = f"r-{word}" if word[0].isdigit() else word
    text = json.dumps(objects).replace(f"http://{SENTINEL}", f"http://{served}")
    said: list[dict[str, Any]] = json.loads(text.replace(SENTINEL, word))
    for body in said:
        if body["kind"] == "Service":
            body["metadata"]["name"] = served + body["metadata"]["name"].removeprefix(word)
    return said


def _without_key(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The simulator's key is made of the names."""
    return [{key: value for key, value in body.items() if key != "stringData"} for body in objects]
