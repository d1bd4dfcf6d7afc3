"""What chart and kustomize render, as Python values, by the real helm and the real kubectl."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.support.kube import Body

from chart_tools import helm

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "novita-operator"
SCENARIOS = sorted((CHART / "ci").glob("*-values.yaml"))
OVERLAYS = [ROOT / "deploy" / "default", *sorted((ROOT / "deploy" / "overlays").iterdir())]
NAMESPACE = "novita-system"
RELEASE = "novita-operator"


@dataclass(frozen=True)
class Refusal(Exception):
    """Helm said no."""

    text: str


def render(
    *options: str, values: Mapping[str, Any] | None = None, release: str = RELEASE, namespace: str = NAMESPACE
) -> list[Body]:
    """The chart's objects, hooks included. Raises Refusal."""
    command = [str(helm.path()), "template", release, str(CHART), "-n", namespace, "--kube-version", "1.37.0", *options]
    # JSON is YAML without guesses: PyYAML leaves `1e3` without quotes, which Helm then takes for a number.
    given = json.dumps(values or {})
    done = subprocess.run(
        [*command, "-f", "-"],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
    )
    if done.returncode:
        raise Refusal(done.stderr)
    return bodies(done.stdout)


def scenario(path: Path) -> list[Body]:
    """The chart with one of its ci/ values files."""
    return render("-f", str(path))


def kustomize(path: Path) -> list[Body]:
    """What `kubectl apply -k` would apply."""
    done = subprocess.run(["kubectl", "kustomize", str(path)], capture_output=True, text=True, check=True)
    return bodies(done.stdout)


def bodies(text: str) -> list[Body]:
    # CRDs are long: libyaml reads them nine times as fast.
    return [body for body in yaml.load_all(text, Loader=yaml.CSafeLoader) if body]


def find(objects: Sequence[Body], kind: str, name: str | None = None) -> Body:
    """The one object of this kind (and name)."""
    (found,) = all_of(objects, kind, name)
    return found


def all_of(objects: Sequence[Body], kind: str, name: str | None = None) -> list[Body]:
    return [body for body in objects if body["kind"] == kind and name in (None, body["metadata"]["name"])]


def pod_templates(objects: Sequence[Body]) -> dict[str, Body]:
    """Name -> pod template of everything that runs pods; a pod is its own template."""
    return {
        f"{body['kind']}/{body['metadata']['name']}": body if body["kind"] == "Pod" else body["spec"]["template"]
        for body in objects
        if body["kind"] in {"Deployment", "Job", "Pod"}
    }
