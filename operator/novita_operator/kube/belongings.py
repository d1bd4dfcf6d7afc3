"""What belongs to one object of ours: its Secret, Service, EndpointSlices, ConfigMaps; read and written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from novita_operator.api import meta
from novita_operator.kube import bodies, errors, merging
from novita_operator.kube.bodies import Body
from novita_operator.kube.client import Bodies, KubeClient

_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
}
_DRY_RUN = {"dryRun": "All"}


@dataclass(frozen=True, slots=True)
class Belongings:
    """Reads and writes them. A body names its owner, and what somebody else owns is left alone."""

    kube: KubeClient

    async def find(self, kind: str, namespace: str, name: str) -> Body | None:
        """One of this name, whoever owns it; None where there is none. Raises kube errors."""
        try:
            return await self.kube.request("GET", _PATHS[kind] + "/{name}", namespace=namespace, name=name)
        except errors.NotFound:
            return None

    async def write(self, wanted: Body) -> None:
        """Make it, or make ours as it should be, if nobody writes it meanwhile.

        Raises Taken where the name belongs to somebody else, Immutable where ours takes no change any more, Conflict
        where somebody was faster, and kube errors.
        """
        at, path = wanted["metadata"], _PATHS[wanted["kind"]]
        found = await self._ours(wanted)
        if found is None:
            await self.kube.request("POST", path, body=wanted, namespace=at["namespace"])
        elif changes := _changes(found, wanted):
            if found.get("immutable") and "data" in changes:
                # The API server's own words say which field, and not what a person can do about it.
                raise errors.Immutable(
                    f"{wanted['kind']} {at['name']} was made immutable, and its content is not right"
                )
            version = {"resourceVersion": found["metadata"]["resourceVersion"]}
            body = changes | {"metadata": changes.get("metadata", {}) | version}
            await self.kube.request("PATCH", path + "/{name}", body=body, namespace=at["namespace"], name=at["name"])

    async def make(self, wanted: Body) -> None:
        """Make it, unless one of ours is there: that stays as it is. Raises as `write` does."""
        if await self._ours(wanted) is None:
            await self.kube.request(
                "POST", _PATHS[wanted["kind"]], body=wanted, namespace=wanted["metadata"]["namespace"]
            )

    async def rehearse(self, wanted: Body) -> None:
        """Whether the cluster would take it: raises what `write` would raise, and writes nothing."""
        if await self._ours(wanted) is not None:
            return
        path, namespace = _PATHS[wanted["kind"]], wanted["metadata"]["namespace"]
        try:
            await self.kube.request("POST", path, body=wanted, query=_DRY_RUN, namespace=namespace)
        except errors.Conflict:
            return  # somebody was faster: what it is, `write` finds out
        except errors.Rejected as error:
            if not errors.is_no_rehearsal(error):
                raise

    async def list(self, kind: str, owner: meta.Meta, labels: Mapping[str, str]) -> Bodies:
        """Those that have these labels and belong to this object."""
        return [{"kind": kind} | body for body in await self.kube.labelled(_PATHS[kind], owner.namespace, labels)
                if owner.uid in bodies.owner_uids(body)]  # fmt: skip

    async def delete(self, kind: str, owner: meta.Meta, name: str) -> None:
        """Delete it, unless it is gone already or belongs to somebody else."""
        path = _PATHS[kind] + "/{name}"
        found = await self.find(kind, owner.namespace, name)
        if found is None or owner.uid not in bodies.owner_uids(found):
            return
        must = {"uid": found["metadata"]["uid"], "resourceVersion": found["metadata"]["resourceVersion"]}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": must}
        try:
            await self.kube.request("DELETE", path, body=options, namespace=owner.namespace, name=name)
        except errors.NotFound:
            return

    async def _ours(self, wanted: Body) -> Body | None:
        """What has the name; None where it is free. Raises Taken, and Leftover where it will be free soon."""
        at, kind = wanted["metadata"], wanted["kind"]
        found = await self.find(kind, at["namespace"], at["name"])
        if found is None or bodies.is_ours(found, wanted):
            return found
        if bodies.is_of_an_earlier_owner(found, wanted):
            text = f"{kind} {at['name']} is still that of an earlier object of this name, and goes with it"
            raise errors.Leftover(text)
        raise errors.Taken(f"{kind} {at['name']} exists and belongs to somebody else")


def _changes(found: Body, wanted: Body) -> Body:
    """The merge patch that makes ours as wanted. Labels, annotations and owners that others have added stay."""
    changes = merging.missing(found, wanted | {"apiVersion": found.get("apiVersion"), "kind": found.get("kind")})
    metadata = changes.get("metadata", {})
    if bodies.same_owner(found, wanted):
        metadata.pop("ownerReferences", None)
    elif "ownerReferences" in metadata:
        others = found["metadata"].get("ownerReferences") or []
        metadata["ownerReferences"] = [*others, *wanted["metadata"]["ownerReferences"]]
    if not metadata:
        changes.pop("metadata", None)
    if "data" in wanted and (data := merging.difference(found.get("data") or {}, wanted["data"])):
        changes["data"] = data  # entries that are not wanted go
    return changes
