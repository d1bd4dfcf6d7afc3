"""What a person's program asks of the cluster with that person's own rights: reads, one kind of patch, reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes.aio import client as api_client
from kubernetes.aio import config as api_config

from novita_operator.api.kinds import Kind
from novita_operator.kube import bodies, errors
from novita_operator.kube.client import Bodies, Body, KubeClient

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one kind of resource; `namespace` is empty for the whole cluster, `name` for all objects."""

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""

    def to_review(self) -> Body:
        """The request by which a user asks the API server what it may do."""
        attributes = {
            "verb": self.verb,
            "resource": self.resource,
            "group": self.group,
            "namespace": self.namespace,
            "name": self.name,
        }
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }


async def connect(kubeconfig: Path | None, context: str | None, agent: str) -> Reader:
    """A reader for a context of a kubeconfig, found as kubectl finds it; in a pod without one, its ServiceAccount.

    `agent`: what its writes and calls are signed with. Raises KubeError where there is no usable configuration.
    """
    configuration = api_client.Configuration()
    try:
        namespace = await _configure(configuration, kubeconfig, context)
    except (api_config.ConfigException, yaml.YAMLError, OSError, LookupError) as error:
        if kubeconfig is None and context is None and _OWN_NAMESPACE.exists():  # noqa: ASYNC240 - once, at the start
            api_config.load_incluster_config(client_configuration=configuration)
            namespace = _OWN_NAMESPACE.read_text().strip()  # noqa: ASYNC240 - likewise
        else:
            raise errors.KubeError(f"no cluster is configured: {error}") from error
    api = api_client.ApiClient(configuration)
    api.user_agent = agent
    return Reader(api, namespace or "default", agent)


async def _configure(configuration: api_client.Configuration, kubeconfig: Path | None, context: str | None) -> str:
    file = str(kubeconfig) if kubeconfig else None
    await api_config.load_kube_config(
        config_file=file, context=context, client_configuration=configuration, persist_config=False
    )
    contexts, active = api_config.list_kube_config_contexts(file)
    chosen = next((each for each in contexts if each["name"] == context), active)
    return str(chosen["context"].get("namespace") or "")


class Reader(KubeClient):
    """Calls with the rights of the user. `namespace` is the one of the context."""

    def __init__(self, api: api_client.ApiClient, namespace: str, agent: str) -> None:
        super().__init__(api)
        self.namespace = namespace
        self._agent = agent

    async def read(self, path: str) -> Body:
        """Any GET. Raises NotFound."""
        return await self._call("GET", path)

    async def events(self, namespace: str, fields: Mapping[str, str]) -> Bodies:
        """Events of the core API whose `fields` have these values, oldest first; an empty namespace means all."""
        path = "/api/v1/namespaces/{namespace}/events" if namespace else "/api/v1/events"
        selected = {"fieldSelector": bodies.selector(fields)}
        found = [body async for body in self._items(path, selected, namespace)]
        return sorted(found, key=lambda event: str(event.get("eventTime") or event.get("lastTimestamp") or ""))

    async def selected(self, kind: Kind, namespaces: Sequence[str], selector: str) -> Bodies:
        """The objects of a kind that a label selector selects, in these namespaces or in all. Raises Rejected."""
        query = {"labelSelector": selector}
        every = [(kind.path, namespace) for namespace in namespaces] or [(kind.path_of_all, "")]
        return [body for path, namespace in every async for body in self._items(path, query, namespace)]

    async def patch(self, kind: Kind, namespace: str, name: str, change: Body) -> Body:
        """A merge patch in the user's name. Raises NotFound, Forbidden, Rejected."""
        query = {"fieldManager": self._agent}
        path = kind.path + "/{name}"
        return await self._call("PATCH", path, query=query, body=change, namespace=namespace, name=name)

    async def may(self, rights: Sequence[Right]) -> dict[Right, bool]:
        """Which of these rights the user has."""
        answers = {}
        for right in rights:
            answer = await self._call("POST", _REVIEWS, body=right.to_review())
            answers[right] = bool(answer.get("status", {}).get("allowed"))
        return answers
