"""What the chart renders for its scenarios, and that kustomize says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.packaging import rendering
from tests.packaging.rendering import NAMESPACE, Refusal, all_of, find, kustomize, render
from tests.support.kube import Body

POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", *POLICIES}


def _plain(body: Body) -> Body:
    """Without what says who rendered it."""
    noise = ("helm.sh/", "app.kubernetes.io/")
    metadata = {key: value for key, value in body["metadata"].items() if key not in {"labels", "annotations"}}
    labels = {key: value for key, value in (body["metadata"].get("labels") or {}).items() if not key.startswith(noise)}
    return {**body, "metadata": metadata | ({"labels": labels} if labels else {})}


def _without_identity(value: Any) -> Any:
    """Labels of selectors and pod templates differ in who made them, never in the component that they name."""
    if isinstance(value, dict):
        return {
            key: _without_identity(child)
            for key, child in value.items()
            if not key.startswith(("helm.sh/", "app.kubernetes.io/")) or key == "app.kubernetes.io/component"
        }
    if isinstance(value, list):
        return [_without_identity(child) for child in value]
    return value


def _environment_by_name(body: Body) -> Body:
    for container in body.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
        container["env"] = sorted(container.get("env", []), key=lambda variable: str(variable["name"]))
    return body


def _comparable(objects: list[Body]) -> dict[tuple[str, str, str], Any]:
    kept = (
        body
        for body in objects
        # The namespace is Helm's --create-namespace; what Helm runs as hooks has no counterpart.
        if body["kind"] != "Namespace" and _component(body) not in {"uninstall", "test"}
    )
    return {
        (body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]): _without_identity(
            _environment_by_name(_plain(body))
        )
        for body in kept
    }


AGREEING: dict[str, dict[str, Any]] = {
    "default": {},
    "overlays/ha": {"replicaCount": 2},
    "overlays/namespaced": {"watchNamespaces": ["gpu-workloads"]},
    "overlays/monitoring": {
        "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")}
    },
}


@pytest.mark.parametrize("overlay", AGREEING)
def test_kustomize_and_chart_render_the_same_objects(overlay: str) -> None:
    applied = _comparable(kustomize(rendering.ROOT / "deploy" / overlay))
    installed = _comparable(render(values=AGREEING[overlay]))

    assert applied.keys() == installed.keys()
    for key, body in installed.items():
        assert applied[key] == body, key


def test_the_simulator_overlay_differs_from_the_chart_in_its_made_up_key_alone() -> None:
    applied = _comparable(kustomize(rendering.ROOT / "deploy" / "overlays" / "simulator"))
    installed = _comparable(render(values={"simulator": {"enabled": True}}))

    differing = {kind for (kind, _, _), body in installed.items() if applied[kind, *_at(body)] != body}
    assert applied.keys() == installed.keys()
    assert differing == {"Secret"}


def _at(body: Body) -> tuple[str, str]:
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


def test_with_named_namespaces_no_right_to_their_contents_is_left_for_the_whole_cluster() -> None:
    objects = render(values={"watchNamespaces": ["team-a", "team-b"]})
    operator = [body for body in objects if _component(body) == "operator"]
    cluster = [rule for body in all_of(operator, "ClusterRole") for rule in body["rules"]]

    assert {resource for rule in cluster for resource in rule["resources"]} == {
        "novitaaccounts",
        "novitaaccounts/status",
        "namespaces",
    }
    assert {body["metadata"]["namespace"] for body in all_of(operator, "Role")} == {
        "team-a", "team-b", "default", NAMESPACE,
    }  # fmt: skip


def test_a_fixed_cluster_id_and_no_selectors_leave_accounts_as_the_only_cluster_wide_right() -> None:
    objects = render(
        values={
            "watchNamespaces": ["team-a"],
            "settings": {"clusterId": "abcdefgh"},
            "rbac": {"namespaceSelectors": False},
        }
    )

    rules = find(objects, "ClusterRole", "novita-operator")["rules"]
    assert {resource for rule in rules for resource in rule["resources"]} == {
        "novitaaccounts", "novitaaccounts/status",
    }  # fmt: skip


@pytest.mark.parametrize("path", rendering.SCENARIOS, ids=lambda path: path.stem)
def test_no_role_has_a_wildcard_or_lists_secrets(path: Path) -> None:
    for body in rendering.scenario(path):
        for rule in body.get("rules", []):
            said = [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert "*" not in said
            assert not ("secrets" in rule["resources"] and {"list", "watch"} & set(rule["verbs"]))


def test_rights_that_one_feature_needs_go_with_it() -> None:
    off = {"account": {"create": False}, "rbac": {"namespaceSelectors": False, "services": False}}
    rules = [
        rule
        for body in render(values=off)
        if body["kind"] in {"Role", "ClusterRole"} and _component(body) == "operator"
        for rule in body["rules"]
    ]

    asked = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert not {resource for resource, _ in asked} & {"services", "endpointslices"}
    assert ("novitaaccounts", "create") not in asked
    assert ("namespaces", "list") not in asked


WANTED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"watchNamespaces": ["team-a"]}, False),
    ({"watchNamespaces": ["team-a"], "admissionPolicies": {"install": "Always"}}, True),
    ({"admissionPolicies": {"install": "Never"}}, False),
]


@pytest.mark.parametrize(("values", "made"), WANTED, ids=["default", "namespaced", "namespaced-always", "never"])
def test_policies_are_made_unless_the_operator_sees_named_namespaces_only(values: dict[str, Any], made: bool) -> None:
    found = [body for body in render(values=values) if body["kind"] in POLICIES]

    bound = {
        body["metadata"]["name"].removeprefix("novita-operator-"): "team-a" in str(body["spec"].get("matchResources"))
        for body in found
        if body["kind"].endswith("Binding")
    }
    watched = "watchNamespaces" in values
    # The operator may be removed where it does not work.
    assert bound == ({"status": watched, "held": watched, "owned": watched, "removal": False} if made else {})
    assert len(found) == 2 * len(bound)


def test_no_role_of_people_writes_a_status() -> None:
    roles = [body for body in all_of(render(), "ClusterRole") if _component(body) == "user-roles"]
    writers = {
        body["metadata"]["name"]
        for body in roles
        for rule in body["rules"]
        if any(name.endswith("/status") for name in rule["resources"]) and rule["verbs"] != ["get"]
    }

    assert writers == {"novita-operator-restorer"}
    (restorer,) = all_of(roles, "ClusterRole", "novita-operator-restorer")
    assert not any("aggregate" in label for label in restorer["metadata"]["labels"])


# Those of Helm 3. With `helm.sh/hook-output-log-policy` of Helm 4, Flux' helm-controller 1.6.1 panics at each try to
# uninstall, so that a HelmRelease can never be deleted.
HOOK_ANNOTATIONS = {"helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy"}


@pytest.mark.parametrize("path", rendering.SCENARIOS, ids=lambda path: path.stem)
def test_hooks_have_no_annotation_that_a_helm_inside_of_another_program_cannot_take(path: Path) -> None:
    annotations = [set(body["metadata"].get("annotations") or {}) for body in rendering.scenario(path)]

    hooks = [names for names in annotations if "helm.sh/hook" in names]
    assert hooks
    assert {name for names in hooks for name in names if name.startswith("helm.sh/")} == HOOK_ANNOTATIONS


@pytest.mark.parametrize(("replicas", "strategy", "lease"), [(1, "Recreate", False), (2, "RollingUpdate", True)])
def test_one_pod_is_replaced_and_several_share_a_lease(replicas: int, strategy: str, lease: bool) -> None:
    objects = render(values={"replicaCount": replicas})
    deployment = find(objects, "Deployment")

    assert deployment["spec"]["strategy"]["type"] == strategy
    assert ("LEADER_ELECTION" in _environment(deployment)) is lease
    assert bool(all_of(objects, "Role", "novita-operator-lease")) is lease
    assert bool(all_of(objects, "PodDisruptionBudget")) is lease


def test_settings_reach_the_operator_as_plain_numbers() -> None:
    deployment = find(
        render(values={"settings": {"startupTimeout": 86_400_000, "shutdownGrace": 120_000}}), "Deployment"
    )

    assert _environment(deployment)["STARTUP_TIMEOUT"] == "86400000"
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 150


def test_the_webhook_comes_from_its_secret_and_is_not_written_into_the_deployment() -> None:
    (container,) = find(render(values={"webhook": {"secretName": "hooks"}}), "Deployment")["spec"]["template"]["spec"][
        "containers"
    ]
    sources = {
        each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"] if "WEBHOOK" in each["name"]
    }

    assert sources == {
        "WEBHOOK_URL": {"name": "hooks", "key": "url"},
        "WEBHOOK_SECRET": {"name": "hooks", "key": "secret", "optional": True},
    }


def test_the_simulator_is_what_the_operator_speaks_to() -> None:
    objects = render(values={"simulator": {"enabled": True}, "settings": {"novitaApiUrl": "https://api.novita.ai"}})
    service = find(objects, "Service", "novita-operator-simulator")
    environment = _environment(find(objects, "Deployment", "novita-operator"))

    assert environment["NOVITA_API_URL"] == f"http://{service['metadata']['name']}.{NAMESPACE}.svc:8080"
    assert environment["DEFAULT_ACCOUNT_SECRET"] == find(objects, "Secret")["metadata"]["name"]
    assert find(objects, "Secret")["stringData"]["apiKey"].startswith("sk_")


@pytest.mark.parametrize("release", ["x", "a" * 53, "a-novita-operator"])
def test_names_fit_whatever_the_release_is_called(release: str) -> None:
    objects = render(release=release, values={"replicaCount": 2, "simulator": {"enabled": True}})

    # Services are DNS labels, and the rest follows them; Roles may be longer.
    names = [body["metadata"]["name"] for body in objects if body["kind"] in {"Service", "Deployment", "Job"}]
    assert names
    assert [name for name in names if len(name) > 63] == []


def test_two_releases_share_no_object_of_the_cluster_but_the_crds() -> None:
    def cluster_wide(namespace: str) -> set[tuple[str, str]]:
        objects = render(namespace=namespace, values={"crds": {"install": False}})
        return {(body["kind"], body["metadata"]["name"]) for body in objects if body["kind"] in CLUSTER_WIDE}

    assert cluster_wide("one")
    assert not cluster_wide("one") & cluster_wide("two")


REFUSED = [
    ({"replicaCont": 2}, "replicaCont"),
    ({"replicaCount": "two"}, "/replicaCount"),
    ({"replicaCount": 9}, "/replicaCount"),
    ({"settings": {"pollInterval": 5}}, "/settings/pollInterval"),
    ({"settings": {"pollIntervall": 5000}}, "pollIntervall"),
    ({"settings": {"logLevel": "LOUD"}}, "/settings/logLevel"),
    ({"settings": {"novitaApiUrl": "api.novita.ai"}}, "/settings/novitaApiUrl"),
    ({"settings": {"novitaApiKey": "sk_x"}}, "novitaApiKey"),
    ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy"),
    ({"image": {"digest": "latest"}}, "/image/digest"),
    ({"watchNamespaces": ["Team A"]}, "/watchNamespaces/0"),
    ({"account": {"secretName": ""}}, "/account/secretName"),
    ({"uninstall": {"policy": "Forget"}}, "/uninstall/policy"),
    ({"uninstall": {"policy": "Delete"}}, "uninstall.confirmation"),
    ({"uninstall": {"policy": "Delete", "confirmation": "yes"}}, "/uninstall/confirmation"),
    ({"networkPolicy": {"apiServerPorts": [70000]}}, "/networkPolicy/apiServerPorts/0"),
    ({"metrics": {"serviceMonitor": {"interval": "often"}}}, "/metrics/serviceMonitor/interval"),
    ({"crds": {"keep": "no"}}, "/crds/keep"),
]


@pytest.mark.parametrize(("values", "name"), REFUSED, ids=[name for _, name in REFUSED])
def test_a_wrong_value_is_refused_by_its_name(values: dict[str, Any], name: str) -> None:
    with pytest.raises(Refusal) as caught:
        render(values=values)

    assert name in caught.value.text


def _component(body: Body) -> str:
    return str((body["metadata"].get("labels") or {}).get("app.kubernetes.io/component", ""))


def _environment(deployment: Body) -> dict[str, str]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable.get("value", "") for variable in container["env"]}
