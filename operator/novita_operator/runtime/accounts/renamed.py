"""Living objects whose instances carry another cluster id than ours: CLUSTER_ID was set, changed or removed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Renamed:
    """Such objects by UID, with their account and the cluster id in the name that their status has recorded."""

    _found: dict[str, tuple[str, str]] = field(default_factory=dict)

    def see(self, uid: str, account: str, cluster: str | None) -> None:
        """The object exists. `cluster`: the id that is not ours; None where all is well."""
        if cluster is None:
            self._found.pop(uid, None)
        else:
            self._found[uid] = (account, cluster)

    def forget(self, uid: str) -> None:
        self._found.pop(uid, None)

    def among(self, account: str) -> bool:
        """Whether an object of this account is among them."""
        return any(owner == account for owner, _ in self._found.values())

    def explain(self, account: str, ours: str) -> str | None:
        """What happened, what is held back, and what an administrator can do; None where nothing did."""
        others = [cluster for owner, cluster in self._found.values() if owner == account]
        if not others:
            return None
        before = ",".join(sorted(set(others)))
        who = f"{len(others)} objects carry" if len(others) > 1 else "1 object carry"
        return (
            f"The cluster id of the operator is {ours}, and the instances of {who} {before} in their names: CLUSTER_ID "
            "was set, changed or removed. Nothing is rented for this account and no orphan is deleted; what there is "
            f"stays, and stops, deadlines and deletions go on. Set CLUSTER_ID={before} again (chart: "
            f"settings.clusterId). If the new id is meant, set FORMER_CLUSTER_IDS={before} (chart: "
            "settings.formerClusterIds): the instances keep their names and are this operator's."
        )
