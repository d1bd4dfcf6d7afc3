"""What a container finds in its file volumes: the kubelet writes them as root, and the pod runs as another user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.packaging.rendering import OVERLAYS, SCENARIOS, kustomize, pod_templates, scenario
from tests.support.kube import Body

_USUAL_MODE = 0o644  # of Kubernetes, where a volume names none
_OTHERS_READ = 0o004
# The kubelet hands a token over to the user of the pod (mode 0600), whatever the volume's mode is.
_HANDED_OVER = "serviceAccountToken"


def _templates() -> dict[str, Body]:
    sources = {path.stem: scenario(path) for path in SCENARIOS} | {path.name: kustomize(path) for path in OVERLAYS}
    return {
        f"{source}:{name}": template
        for source, objects in sources.items()
        for name, template in pod_templates(objects).items()
    }


def _modes(volume: Body) -> Iterator[tuple[str, int]]:
    """Where a file comes from, and its mode; nothing for a volume that is no set of files."""
    for kind in ("configMap", "secret", "downwardAPI"):
        if kind in volume:
            yield from _modes_of(kind, volume[kind], volume[kind].get("defaultMode", _USUAL_MODE))
    projected = volume.get("projected", {})
    for source in projected.get("sources", ()):
        ((kind, given),) = source.items()
        if kind != _HANDED_OVER:
            yield from _modes_of(kind, given, projected.get("defaultMode", _USUAL_MODE))


def _modes_of(kind: str, source: Body, usual: int) -> Iterator[tuple[str, int]]:
    items = source.get("items")
    if not items:
        yield kind, usual
    for item in items or ():
        yield f"{kind} {item['path']}", item.get("mode", usual)


def unreadable(template: Body) -> list[str]:
    """The files that no container of the pod can read."""
    pod = template["spec"]
    context = pod.get("securityContext", {})
    # With fsGroup the kubelet gives the files to that group and lets it read.
    if context.get("runAsUser") == 0 or "fsGroup" in context:
        return []
    return [
        f"{volume['name']}: {file} has mode {mode:04o}"
        for volume in pod.get("volumes", ())
        for file, mode in _modes(volume)
        if not mode & _OTHERS_READ
    ]


def test_every_file_of_every_pod_can_be_read_by_the_user_of_the_pod() -> None:
    templates = _templates()

    found = {name: files for name, template in templates.items() if (files := unreadable(template))}

    assert len(templates) > len(SCENARIOS) + len(OVERLAYS)
    assert sum("volumes" in template["spec"] for template in templates.values()) > len(SCENARIOS)
    assert found == {}


_USER = {"runAsUser": 65532}
_TOKEN = {"serviceAccountToken": {"path": "token"}}
_CA: Body = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
_FOR_A_GROUP: Body = {"projected": {"defaultMode": 0o440, "sources": [_TOKEN, _CA]}}
VOLUMES: dict[str, tuple[Body, Body, list[str]]] = {
    "a projected volume for a group without the user": (_FOR_A_GROUP, _USER, ["v: configMap ca.crt has mode 0440"]),
    "the same with fsGroup": (_FOR_A_GROUP, _USER | {"fsGroup": 65532}, []),
    "the same for root": (_FOR_A_GROUP, {"runAsUser": 0}, []),
    "a token alone": ({"projected": {"defaultMode": 0o400, "sources": [_TOKEN]}}, _USER, []),
    "a Secret for root": ({"secret": {"secretName": "s", "defaultMode": 0o400}}, _USER, ["v: secret has mode 0400"]),
    "one entry of a Secret for root": (
        {"secret": {"secretName": "s", "items": [{"key": "k", "path": "p", "mode": 0o600}]}}, _USER,
        ["v: secret p has mode 0600"]),
    "no mode at all": ({"configMap": {"name": "c"}}, _USER, []),
    "no files at all": ({"emptyDir": {}}, _USER, []),
}  # fmt: skip


@pytest.mark.parametrize(("volume", "context", "expected"), VOLUMES.values(), ids=VOLUMES)
def test_the_rule_sees_what_a_kubelet_would_do(volume: Body, context: Body, expected: list[str]) -> None:
    template = {"spec": {"securityContext": context, "volumes": [{"name": "v", **volume}]}}

    assert unreadable(template) == expected
