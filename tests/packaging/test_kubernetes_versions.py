"""Which Kubernetes the chart takes, and what the documentation and the workflows say about it."""

from __future__ import annotations

import re

import pytest
import yaml
from tests.packaging import rendering
from tests.packaging.rendering import CHART, ROOT

from local_cluster import catalogue

# ValidatingAdmissionPolicy is `admissionregistration.k8s.io/v1` from here on.
_OLDEST = "1.30"


@pytest.mark.parametrize("version", ["1.30.0", "v1.30.14-eks-473151a", "1.31.14-gke.1000000", "v1.37.2+k3s1"])
def test_the_chart_takes_the_oldest_version_that_it_promises_and_those_of_clouds(version: str) -> None:
    assert rendering.render("--kube-version", version)


def test_an_older_kubernetes_is_refused_by_its_version() -> None:
    with pytest.raises(rendering.Refusal) as refused:
        rendering.render("--kube-version", "1.29.14")

    assert f">={_OLDEST}" in refused.value.text
    assert "1.29.14" in refused.value.text


def test_documentation_and_workflow_begin_with_the_same_version() -> None:
    limits = (ROOT / "docs" / "explanation" / "limits.md").read_text().partition("## Versions")[2]
    quickstart = (ROOT / "docs" / "tutorials" / "quickstart-paid.md").read_text()
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "kind.yml").read_text())
    in_kind = workflow["jobs"]["install"]["strategy"]["matrix"]["kubernetes"]

    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={_OLDEST}.0-0"
    assert f"Kubernetes {_OLDEST} or newer" in limits
    assert f"{_OLDEST} or newer" in quickstart
    assert _OLDEST in in_kind[0]
    assert [version for version in in_kind if _minor(version) not in limits] == []
    assert [version for version in catalogue.OLDEST if version not in limits] == []


def _minor(version: str) -> str:
    return re.sub(r"^v(\d+\.\d+)\..*", r"\1", version)
