"""Which namespaces the selectors of an account select: read with each pass, since no event tells of a label."""

from __future__ import annotations

from novita_operator.api.novita_account.namespaces import Namespaces
from novita_operator.api.novita_account.spec import NovitaAccountSpec
from novita_operator.kube.client import KubeClient
from novita_operator.tenancy.allowance import Selected


async def selected(spec: NovitaAccountSpec, kube: KubeClient) -> Selected:
    """For spec.namespaces, and for each rule of spec.tenancy. Raises kube errors."""
    rules = spec.tenancy.rules if spec.tenancy is not None else ()
    by_rule = [await _selected(rule.namespaces, kube) for rule in rules]
    return Selected(await _selected(spec.namespaces, kube), tuple(by_rule))


async def _selected(namespaces: Namespaces | None, kube: KubeClient) -> frozenset[str]:
    if namespaces is None or namespaces.selector is None:
        return frozenset()
    return await kube.namespaces_with(namespaces.selector.text())
