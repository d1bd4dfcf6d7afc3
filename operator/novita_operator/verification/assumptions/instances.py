"""How instances are shown, in lists and one by one."""

from __future__ import annotations

import re

from novita_operator.novita import decoding, fields
from novita_operator.novita.states import InstanceState, state_of
from novita_operator.verification import shapes
from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Evidence, Item, NotSeen

_NUMBERS = ("cpuNum", "memory", "gpuNum")
_TIMES = ("createdAt", "lastStartedAt", "lastStoppedAt")
_SPOT = ("spotStatus", "spotReclaimTime")
_BLOCKS = ("connectComponentSSH", "connectComponentWebTerminal", "connectComponentJupyter", "connectComponentLog")
_KEPT_DAYS = 7
_ID = re.compile(r"[0-9a-f]{16}")
_SSH = re.compile(r"ssh -p \d+ root@\S+")
_HTTP = re.compile(r"https://(?P<id>[0-9a-f]+)-(?P<port>\d+)\.\S+")
_TCP = re.compile(r"[^\s/:]+:\d+")


def _ids(evidence: Evidence) -> Finding:
    ids = [each.get("id") for each in evidence.every()]
    holds = all(isinstance(each, str) and _ID.fullmatch(each) for each in ids)
    return judged(holds, shapes.joined(map(shapes.identifier, ids)))


def _numbers(evidence: Evidence) -> Finding:
    forms = {key: shapes.fields(evidence.every(), key) for key in _NUMBERS}
    holds = set(forms.values()) == {"a text of digits"}
    return judged(holds, shapes.joined(f"`{key}` is {form}" for key, form in forms.items()))


def _statuses(evidence: Evidence) -> Finding:
    words = [decoding.instance(each).word for each in evidence.every() if each.get("id")]
    known = all(state_of(word) is not InstanceState.UNKNOWN for word in words)
    return judged(known, shapes.words(words))


def _list_times(evidence: Evidence) -> Finding:
    return _texts_of_digits(list(evidence.listed()), _TIMES)


def _list_spot(evidence: Evidence) -> Finding:
    absent = {key for each in evidence.listed() for key in _SPOT if key not in each}
    return judged(not absent, f"absent: {shapes.joined(absent)}" if absent else "all there")


def _list_endpoints(evidence: Evidence) -> Finding:
    ports = [port for each in evidence.listed() for port in fields.parts(each, "portMappings")]
    if not ports:
        raise NotSeen("no instance in the list has ports")
    forms = shapes.fields(ports, "endpoint")
    return judged("absent" not in forms, f"`endpoint` is {forms}")


def _detail_times(evidence: Evidence) -> Finding:
    return _texts_of_digits(list(evidence.details()), _TIMES)


def _texts_of_digits(items: list[Item], keys: tuple[str, ...]) -> Finding:
    forms = {key: shapes.fields(items, key) for key in keys}
    holds = set(forms.values()) == {"a text of digits"}
    return judged(holds, shapes.joined(f"`{key}` is {form}" for key, form in forms.items()))


def _bare(evidence: Evidence) -> Finding:
    evidence.details()
    wrapped = [each for each in evidence.shown() if isinstance(each.body, dict) and "instance" in each.body]
    bare = [each for each in evidence.shown() if isinstance(each.body, dict) and "id" in each.body]
    return judged(not wrapped and bool(bare), "wrapped in `instance`" if wrapped else "the object itself")


def _connections(evidence: Evidence) -> Finding:
    absent = {key for each in evidence.details() for key in _BLOCKS if key not in each}
    return judged(not absent, f"absent: {shapes.joined(absent)}" if absent else "all four blocks are there")


def _node(evidence: Evidence) -> Finding:
    forms = shapes.fields(evidence.details(), "node")
    return judged(forms == "an object", f"`node` is {forms}")


def _days(evidence: Evidence) -> Finding:
    days = {fields.integer(each.get("keepDataDay")) for each in evidence.details()}
    return judged(days == {_KEPT_DAYS}, "days: " + ", ".join(sorted(str(each or "not told") for each in days)))


def _price(evidence: Evidence) -> Finding:
    told = [each for each in evidence.details() if "instancePrice" in each]
    return judged(not told, f"{len(told)} of {len(evidence.details())} details have `instancePrice`")


def _ssh(evidence: Evidence) -> Finding:
    blocks = [each.get("connectComponentSSH") for each in evidence.running()]
    commands = [block.get("sshCommand") if isinstance(block, dict) else None for block in blocks]
    known = all(isinstance(command, str) and _SSH.fullmatch(command) for command in commands)
    return judged(known, "a command of the known form" if known else f"{shapes.joined(map(shapes.of, commands))}")


def _endpoints(evidence: Evidence) -> Finding:
    mappings = [(each, port) for each in evidence.running() for port in fields.parts(each, "portMappings")]
    if not mappings:
        raise NotSeen("no instance that runs has ports")
    strange = [port for each, port in mappings if not _is_endpoint(each, port)]
    return judged(not strange, f"{len(strange)} of {len(mappings)} endpoints have another form")


def _is_endpoint(instance: Item, port: Item) -> bool:
    endpoint = str(port.get("endpoint"))
    if port.get("type") == "http":
        found = _HTTP.fullmatch(endpoint)
        return found is not None and found["id"] == instance.get("id") and found["port"] == str(port.get("port"))
    return _TCP.fullmatch(endpoint) is not None


ALL = (
    Assumption(
        "id-form",
        "1.8",
        "Ids of instances have 16 lower-case hexadecimal digits.",
        "The client takes any text; other programs may cut or compare them otherwise.",
        _ids,
    ),
    Assumption(
        "numbers-as-texts",
        "5",
        "Numbers of GPUs, CPUs and memory are texts of digits.",
        "The client takes numbers as well; other programs may not.",
        _numbers,
    ),
    Assumption(
        "status-words",
        "3.1",
        "Every status is one of the known words.",
        "The operator waits, takes the instance as billed, and tells the word.",
        _statuses,
    ),
    Assumption(
        "list-times",
        "2A.1",
        "Instances in the list tell when they were created, started and stopped.",
        "A restart behind the operator's back is seen only when it reads the instance itself.",
        _list_times,
    ),
    Assumption(
        "list-spot",
        "2A.1",
        "Instances in the list have their spot fields.",
        "An announced reclaim is seen only when the operator reads the instance itself.",
        _list_spot,
    ),
    Assumption(
        "list-endpoints",
        "2A.1",
        "The ports of instances in the list have their endpoints.",
        "Endpoints that change are seen only when the operator reads the instance itself.",
        _list_endpoints,
    ),
    Assumption(
        "detail-times",
        "1.9",
        "Times are Unix seconds in texts of digits.",
        "Times that cannot be read are left out, and costs are counted from when the operator first saw the instance.",
        _detail_times,
    ),
    Assumption(
        "detail-bare",
        "2A.1",
        "The detail of an instance is the object itself.",
        "The client takes `instance` around it as well; other programs may not.",
        _bare,
    ),
    Assumption(
        "detail-connections",
        "4",
        "The detail has the blocks for ssh, terminal, Jupyter and logs.",
        "`status.connection` lacks what is absent.",
        _connections,
    ),
    Assumption(
        "node-form",
        "10",
        "`node` in the detail is an object.",
        "Nothing: the operator does not read it. Other programs do.",
        _node,
    ),
    Assumption(
        "data-days",
        "1.10",
        f"A stopped instance keeps its data for {_KEPT_DAYS} days.",
        "Objects that are stopped for longer lose their data sooner or later than they are told.",
        _days,
    ),
    Assumption(
        "price-told",
        "1.10",
        "The detail does not tell the price of the instance.",
        "Nothing: where it is told, it is compared with the limit.",
        _price,
    ),
    Assumption(
        "ssh-form",
        "4",
        "While an instance runs, `connectComponentSSH.sshCommand` is `ssh -p PORT root@HOST`.",
        "`status.connection.ssh` is empty or odd, and the object may never be Ready.",
        _ssh,
    ),
    Assumption(
        "endpoint-form",
        "4",
        "While an instance runs, each port has an endpoint: `https://ID-PORT.…` or `HOST:PORT`.",
        "Ports are not told, or cannot be reached by what is told.",
        _endpoints,
    ),
)
