"""Labels and variables that users add, and an installation to which somebody else gives its rights."""

from __future__ import annotations

from typing import Any

import pytest
from tests.packaging.rendering import NAMESPACE, Refusal, all_of, find, pod_templates, render
from tests.support.kube import Body

OWN_LABELS = tuple(f"app.kubernetes.io/{name}" for name in ("name", "instance", "component", "managed-by"))
RBAC = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


@pytest.mark.parametrize("label", OWN_LABELS)
@pytest.mark.parametrize(
    "value",
    [
        "commonLabels", "podLabels", "metrics.serviceMonitor.labels", "metrics.prometheusRule.labels",
        "metrics.dashboard.labels",
    ],
)  # fmt: skip
def test_a_label_that_selectors_or_helm_need_is_refused_by_name(value: str, label: str) -> None:
    given: dict[str, Any] = {label: "mine"}
    for name in reversed(value.split(".")):
        given = {name: given}

    with pytest.raises(Refusal) as caught:
        render(values=given)

    assert f"{value}: the chart sets the label {label} itself" in caught.value.text


def test_selectors_find_their_pods_whatever_labels_are_added() -> None:
    objects = render(
        values={
            "commonLabels": {"team": "a", "app.kubernetes.io/part-of": "platform", "app.kubernetes.io/version": "9"},
            "podLabels": {"team": "b", "helm.sh/chart": "mine"},
            "simulator": {"enabled": True},
            "networkPolicy": {"enabled": True},
            "replicaCount": 2,
        }
    )
    pods = [body["metadata"]["labels"] for body in pod_templates(objects).values()]

    for selector in _selectors(objects):
        assert [labels for labels in pods if selector.items() <= labels.items()], selector
    (operator,) = [labels for labels in pods if labels["app.kubernetes.io/component"] == "operator"]
    assert operator | {"team": "b", "helm.sh/chart": "mine", "app.kubernetes.io/part-of": "platform"} == operator


def _selectors(objects: list[Body]) -> list[dict[str, str]]:
    deployments = [body["spec"]["selector"]["matchLabels"] for body in all_of(objects, "Deployment")]
    services = [body["spec"]["selector"] for body in all_of(objects, "Service")]
    budgets = [body["spec"]["selector"]["matchLabels"] for body in all_of(objects, "PodDisruptionBudget")]
    policies = [body["spec"]["podSelector"]["matchLabels"] for body in all_of(objects, "NetworkPolicy")]
    return deployments + services + budgets + policies


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("WATCH_NAMESPACES", {}),
        ("CLASS_NAME", {}),
        ("LEADER_ELECTION", {}),
        ("HEALTH_PORT", {}),
        ("OPERATOR_NAMESPACE", {}),
        ("POLL_INTERVAL", {"settings": {"pollInterval": 5000}}),
        ("NOVITA_API_URL", {"simulator": {"enabled": True}}),
    ],
)
def test_a_variable_that_the_chart_sets_is_not_set_again(name: str, values: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        render(values={**values, "extraEnv": [{"name": name, "value": "5"}]})

    assert f"extraEnv: the chart sets {name} itself" in caught.value.text


def test_the_annotation_that_keeps_crds_is_not_taken_away_beside_its_value() -> None:
    with pytest.raises(Refusal) as caught:
        render(values={"crds": {"annotations": {"helm.sh/resource-policy": "delete"}}})

    assert "crds.annotations" in caught.value.text


@pytest.mark.parametrize("watched", [[], ["team-a"]], ids=["all namespaces", "one namespace"])
def test_without_the_right_to_make_roles_the_chart_makes_none(watched: list[str]) -> None:
    objects = render(values={"rbac": {"create": False}, "watchNamespaces": watched, "replicaCount": 2})

    assert [body["metadata"]["name"] for kind in RBAC for body in all_of(objects, kind)] == []
    assert {body["metadata"]["name"] for body in all_of(objects, "ServiceAccount")} == {
        "novita-operator", "novita-operator-uninstall", "novita-operator-test",
    }  # fmt: skip


def test_without_the_right_to_make_service_accounts_all_pods_use_the_one_that_is_named() -> None:
    objects = render(values={"serviceAccount": {"create": False, "name": "gpu"}})

    assert all_of(objects, "ServiceAccount") == []
    assert {body["spec"]["serviceAccountName"] for body in pod_templates(objects).values()} == {"gpu"}
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in all_of(objects, kind):
            assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "gpu", "namespace": NAMESPACE}]


def test_the_roles_that_somebody_else_makes_can_be_rendered_alone() -> None:
    files = [f"--show-only=templates/{name}.yaml" for name in ("rbac", "hook-rbac", "user-roles")]
    alone = render(*files)

    assert {body["kind"] for body in alone} == set(RBAC)
    assert sorted(_names(alone)) == sorted(_names([body for kind in RBAC for body in all_of(render(), kind)]))
    assert find(alone, "ClusterRole", "novita-operator-uninstall")


def _names(objects: list[Body]) -> list[tuple[str, str]]:
    return [(body["kind"], body["metadata"]["name"]) for body in objects]
