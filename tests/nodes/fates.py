"""What befalls pods in a cluster: killed, out of memory, with another token."""

from __future__ import annotations

import base64
import json
import sys

from tests.nodes.real_cluster import RealCluster
from tests.nodes.release import Release
from tests.support import waiting
from tests.support.kube import Body

_TOKEN = "volumes/kubernetes.io~projected/token/token"
# Joins the container and takes all the memory that it may have. The kernel then ends whom Kubernetes gives up first,
# which is the operator and not this.
_TAKE_MEMORY = 'echo $$ > "$0/cgroup.procs" && exec "$1" -c "b = bytearray(b\'x\') * $2"'
_LIMITS = ("memory.limit_in_bytes", "memory.max")  # of cgroups version 1 and 2


async def kill(release: Release, pod: Body, *, force: bool) -> None:
    """Delete the pod, with or without its time to end, and wait until it is gone."""
    name = pod["metadata"]["name"]
    options = ("--grace-period=0", "--force") if force else ()
    await release.cluster.kubectl("-n", release.namespace, "delete", "pod", name, "--timeout=100s", *options)


async def delete_instances(release: Release, *names: str) -> None:
    """As a user does, and until the ledger shows nothing of them."""
    await release.cluster.kubectl("-n", release.work, "delete", "gpuinstance", *names, "--timeout=100s")
    await waiting.until(lambda: nothing_lives(release), "nothing lives at Novita", explain=release.explain)


async def nothing_lives(release: Release) -> bool:
    """Whether the ledger shows that everything was let go."""
    return not (await release.novita.ledger()).live


async def token_of(cluster: RealCluster, pod: Body) -> str:
    """What the kubelet has written for the pod."""
    folder = cluster.directory / "kubelet" / "pods" / pod["metadata"]["uid"]
    return await cluster.inside("cat", str(folder / _TOKEN))


async def until_other_token(cluster: RealCluster, pod: Body, before: str) -> str:
    """Once the kubelet has written another one."""

    async def other() -> str | None:
        now = await token_of(cluster, pod)
        return now if now != before else None

    return await waiting.until(other, "the kubelet writes another token")


async def until_used(cluster: RealCluster, token: str) -> None:
    """Once the API server has seen the token: its audit log names the id of the credential."""
    number = claims(token)["jti"]

    async def used() -> bool:
        return f"JTI={number}" in cluster.audit.path.read_text()

    await waiting.until(used, f"the operator uses the token {number}")


def claims(token: str) -> dict[str, str]:
    """What a token says about itself."""
    body = token.split(".")[1]
    found: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


async def run_out_of_memory(cluster: RealCluster, pod: Body) -> None:
    """Something in the pod's container takes all that it may have."""
    container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    found = (await cluster.inside("find", "/sys/fs/cgroup", "-type", "d", "-name", container)).split()
    limited = [(folder, limit) for folder in found for name in _LIMITS if (limit := await _read(cluster, folder, name))]
    assert limited, f"no cgroup limits the memory of {container}: {found}"
    for folder, limit in limited:
        await cluster.try_inside("sh", "-c", _TAKE_MEMORY, folder, sys.executable, limit)


async def _read(cluster: RealCluster, folder: str, name: str) -> str:
    printed = await cluster.try_inside("cat", f"{folder}/{name}")
    return printed.text.strip() if printed.code == 0 else ""
