"""How an instance is reached, as v1 writes it: empty until it runs, another one after each start (novita-api 4)."""

from __future__ import annotations

from typing import Any

from novita_operator.simulator.account import Account
from novita_operator.simulator.state.instance import Connection, Instance

_DOMAIN = "gpu-instance.novita.ai"
_JUPYTER = "jupyter"


def blocks(account: Account, instance: Instance) -> dict[str, Any]:
    """The four `connectComponent…` objects of the detail, and what older answers have beside them."""
    connection = _shown(account, instance)
    up = connection is not None
    terminal = _http_endpoint(account, instance, 2223) if up else ""
    log = _http_endpoint(account, instance, "log") if up else ""
    return {
        **_ssh(account, instance, connection),
        "connectComponentWebTerminal": {
            "address": terminal,
            "username": "admin" if terminal else "",
            "password": connection.terminal_password if connection and terminal else "",
            "isRunning": terminal != "",
        },
        "connectComponentJupyter": _jupyter(account, instance, up=up),
        "connectComponentLog": {
            "systemLogAddress": _http_endpoint(account, instance, "system-log") if up else "",
            "instanceLogAddress": log,
            "isRunning": log != "",
        },
    }


def _ssh(account: Account, instance: Instance, connection: Connection | None) -> dict[str, Any]:
    """In the component; or beside it, which is empty then, in one of two older ways (novita-api 4 and 10)."""
    nothing = {"sshCommand": "", "password": "", "username": "", "address": "", "isRunning": False}
    empty = {**nothing, "port": small_number(account, "")}
    if connection is None:
        return {"connectComponentSSH": empty}
    place = _place(account, instance, "ssh", f"{_tcp_host(account, instance)}:{connection.ssh_port}")
    host, _, port = place.rpartition(":")
    command, password = f"ssh -p {port} root@{host}", connection.ssh_password
    match account.settings.ssh_form:
        case "top-level":
            return {"connectComponentSSH": empty, "sshCommand": command, "password": password}
        case "old":
            return {"connectComponentSSH": empty, "sshCommand": command, "sshPassword": password}
        case "component":
            block = {"sshCommand": command, "password": password, "username": "root", "address": host}
            return {"connectComponentSSH": {**block, "port": small_number(account, port), "isRunning": True}}


def small_number(account: Account, text: str) -> int | str:
    """As documented, an integer; many answers have it as a string (novita-api 5, 1)."""
    return int(text or 0) if account.settings.small_numbers == "integer" else text


def _shown(account: Account, instance: Instance) -> Connection | None:
    """Filled while it runs, and some time after that began if the settings say so."""
    late = account.clock.now() < instance.running_since + account.settings.delays.connect
    return None if instance.word != "running" or late else instance.connection


def _jupyter(account: Account, instance: Instance, *, up: bool) -> dict[str, Any]:
    tool = next((each for each in instance.order.tools if each.name.lower() == _JUPYTER), None)
    if tool is None or not up:
        return {"port": small_number(account, ""), "address": "", "isRunning": False}
    port = str(tool.number)
    return {"port": small_number(account, port), "address": _http_endpoint(account, instance, port), "isRunning": True}


def port_mappings(account: Account, instance: Instance) -> list[dict[str, Any]]:
    """One row per port; the endpoints are empty until it runs."""
    connection = _shown(account, instance)
    scheme = "http://" if account.settings.tcp_endpoint_scheme else ""
    mappings: list[dict[str, Any]] = []
    for index, port in enumerate(instance.ports):
        endpoint = ""
        if connection is not None and port.type == "http":
            endpoint = _http_endpoint(account, instance, port.port)
        elif connection is not None:
            host = _tcp_host(account, instance)
            made_up = f"{scheme}{host}:{connection.host_ports[index]}"
            endpoint = _place(account, instance, str(port.port), made_up)
        mappings.append({"port": port.port, "endpoint": endpoint, "type": port.type})
    return mappings


def _http_endpoint(account: Account, instance: Instance, port: int | str) -> str:
    made_up = f"https://{instance.id}-{port}.{instance.shelf.cluster}.{_DOMAIN}"
    return _place(account, instance, str(port), made_up)


def _place(account: Account, instance: Instance, what: str, made_up: str) -> str:
    """Where the settings lead it; where its machine does, if it has one; or nowhere, at an address that looks right."""
    real = made_up if instance.endpoints is None else instance.endpoints.get(what, "")
    return account.settings.endpoints.get(what) or real


def _tcp_host(account: Account, instance: Instance) -> str:
    return account.settings.endpoint_host or f"proxy.{instance.shelf.cluster}.{_DOMAIN}"
