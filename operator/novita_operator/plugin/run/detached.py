"""`run --detach`: the same as a GPUJob, which the operator sees to its end without this program."""

from __future__ import annotations

from typing import Any

from novita_operator.kube import errors
from novita_operator.kube.reading import Reader
from novita_operator.plugin import cluster, printing
from novita_operator.plugin.cluster import JOBS, Wrong
from novita_operator.plugin.run import renting


def run(body: dict[str, Any]) -> None:
    """Make the job, and print its name."""
    at = body["metadata"]
    cluster.ask(lambda reader: _made(reader, body))
    printing.say(f"{JOBS.short}/{at['name']}")
    name, where = at["name"], f"-n {at['namespace']}"
    printing.note(
        f"It goes on by itself. Its output and exit code: kubectl novita run --attach {name} {where}. "
        f"To end it: kubectl delete {JOBS.short}/{name} {where}"
    )


async def _made(reader: Reader, body: dict[str, Any]) -> None:
    at = body["metadata"]
    await renting.check_rights(reader, JOBS, body)
    try:
        await reader.create(JOBS, body)
    except errors.Conflict:
        raise Wrong(
            f'there is a GPUJob "{at["name"]}" in namespace {at["namespace"]} already; nothing was created. '
            "Choose another --name."
        ) from None
