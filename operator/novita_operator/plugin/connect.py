"""`ssh`, `open`: into an instance."""

from __future__ import annotations

import webbrowser
from typing import Annotated
from urllib.parse import urlsplit

import typer

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Connection
from novita_operator.novita import ssh_command as commands
from novita_operator.plugin import cluster, completing, printing, targets
from novita_operator.plugin.cluster import Scope, Wrong
from novita_operator.plugin.login import access, session
from novita_operator.plugin.options import Machine, Namespace, TrustNew

Name = Annotated[str, typer.Argument(autocompletion=completing.instances)]
PrintOnly = Annotated[bool, typer.Option("--print", help="Print it and do nothing.")]


def ssh(
    name: Machine,
    more: Annotated[list[str] | None, typer.Argument(help="After `--`: options and a command for ssh.")] = None,
    namespace: Namespace = None,
    *,
    print_only: PrintOnly = False,
    trust_new: TrustNew = False,
) -> None:
    """Open a shell on the machine, with the password of its Secret; ssh's exit code is this one's."""
    if print_only:
        found = cluster.ask(lambda reader: targets.instance(reader, Scope(namespace), name))
        printing.say(" ".join(ssh_command(_connection(found).ssh, found.meta.name)))
        printing.note(_password(found))
        return
    with session.opened(name, namespace, trust_new=trust_new) as there:
        code = there.run(there.ssh(command=more or ()))
    raise typer.Exit(code)


def open_(name: Name, namespace: Namespace = None, *, print_only: PrintOnly = False) -> None:
    """Open Jupyter in the browser; its address is printed in any case."""
    found = cluster.ask(lambda reader: cluster.instance(reader, Scope(namespace), name))
    connection = _connection(found)
    address = connection.jupyter or ""
    if urlsplit(address).scheme not in {"http", "https"}:
        ports = ", ".join(f"{port.port}: {port.endpoint}" for port in connection.ports) or "none"
        raise Wrong(f"{name} has no Jupyter; its template or spec.tools.jupyter decides. Its ports: {ports}")
    printing.say(address)
    if not print_only and not _opened(address):
        printing.note("There is no browser here that can be opened: open the address yourself.")


def ssh_command(told: str, name: str) -> list[str]:
    """The command to run, made of user, host and port of Novita's own. Raises Wrong where it has none."""
    # Nothing else of what Novita says may reach ssh as an option of its own.
    found = commands.target(told)
    if not found.host:
        raise Wrong(f"{name}: Novita's ssh command has no user and host: {told!r}")
    return ["ssh", "-p", found.port, f"{found.user}@{found.host.strip('[]')}"]


def _connection(found: GPUInstance) -> Connection:
    if found.status.connection is None or not found.status.connection.ssh:
        raise access.unreachable(found)
    return found.status.connection


def _password(found: GPUInstance) -> str:
    secret = found.status.connection.secret_ref if found.status.connection else None
    if secret is None:
        return "The password is not known yet."
    return (
        f"Password: kubectl get secret {secret.name} -n {found.meta.namespace} "
        "-o jsonpath='{.data.password}' | base64 -d"
    )


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
