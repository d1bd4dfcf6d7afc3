"""CEL rules of the CRDs: what the API server refuses, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from novita_operator.api import equality

Extra = dict[str, Any]
VALIDATIONS = "x-kubernetes-validations"
_WAY_OUT = "create a new GPUInstance instead"
_ENV_MOST = 100  # the bound of `env` in gpu_instance/spec.py
_JOB_VARIABLES = 4  # those that controllers/gpu_job/deciding/attempts.py adds


def _validations(*rules: dict[str, str]) -> Extra:
    return {VALIDATIONS: list(rules)}


def immutable(field: str, *, digits: int = 0) -> Extra:
    """For a number of so many digits, or a word, that always has a value: it keeps it.

    The sentence holds both values: older API servers (seen: 1.31, 1.33) print none of a number or word that a rule
    refuses, only its type. `message` is for readers of the schema.
    """
    return _validations({"rule": "self == oldSelf"} | _changed(field, _WAY_OUT, digits))


def grows(field: str, *, digits: int) -> Extra:
    """For a number of at most so many digits that always has a value and never gets smaller."""
    way_out = f"it can only grow; back up what is on the disk and {_WAY_OUT} if it must shrink"
    return _validations({"rule": "self >= oldSelf"} | _changed(field, way_out, digits))


def _changed(field: str, way_out: str, digits: int) -> dict[str, str]:
    before, after = (_printed(value, digits) if digits else value for value in ("oldSelf", "self"))
    return {
        "message": f"{field} cannot be changed: {way_out}",
        "messageExpression": f"'{field} cannot be changed from ' + {before} + ' to ' + {after} + ': {way_out}'",
    }


def _printed(number: str, digits: int) -> str:
    """CEL that prints a whole number above 0. `string(number)` is taken for endless by the API server's estimate."""
    powers = [10**place for place in reversed(range(digits))]
    return " + ".join(
        f"({number} >= {power} ? '0123456789'.substring({number} / {power} % 10, {number} / {power} % 10 + 1) : '')"
        for power in powers
    )


def match_expression() -> Extra:
    """A condition on a label: `values` where they are compared with, and nowhere else."""
    return _validations(
        {
            "rule": "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : "
            "!has(self.values) || size(self.values) == 0",
            "messageExpression": "'matchExpressions: the operator ' + self.operator + ' takes ' + "
            "(self.operator in ['In', 'NotIn'] ? 'at least one value; list it in values' : "
            "'no values; leave them out')",
        }
    )


def namespace_selector() -> Extra:
    """A selector has a condition: one that is empty, or holds a misspelt field alone, would mean every namespace."""
    return _validations(
        {
            "rule": "(has(self.matchLabels) && size(self.matchLabels) > 0) || "
            "(has(self.matchExpressions) && size(self.matchExpressions) > 0)",
            "message": "selector: neither matchLabels nor matchExpressions has an entry; give one. To admit every "
            "namespace, leave spec.namespaces out",
        }
    )


def schedule() -> Extra:
    """Cron expressions have five fields; the operator reads what is in them."""
    fields = "^ *[^ ]+( +[^ ]+){4} *$"
    way_out = 'minute, hour, day of month, month, day of week, such as "0 20 * * 1-5"'
    return _validations(
        {
            "rule": f"self.stop.matches('{fields}')",
            "messageExpression": f"""'schedule.stop is "' + self.stop + '", which has no five fields: {way_out}'""",
        },
        {
            "rule": f"!has(self.start) || self.start.matches('{fields}')",
            "messageExpression": f"""'schedule.start is "' + self.start + '", which has no five fields: {way_out}'""",
        },
    )


def only_one(
    field: str, first: str, second: str, *, required: bool = False, printed: tuple[str, str] | None = None
) -> Extra:
    """Of two alternatives at most one is given, or exactly one. `printed`: CEL for both values, where no secret is."""
    rules = [{"rule": f"!(has(self.{first}) && has(self.{second}))"} | _both_given(field, first, second, printed)]
    if required:
        rules.append(
            {
                "rule": f"has(self.{first}) || has(self.{second})",
                "message": f"{field}: neither {first} nor {second} is given; set one of them",
            }
        )
    return _validations(*rules)


def _both_given(field: str, first: str, second: str, printed: tuple[str, str] | None) -> dict[str, str]:
    way_out = "are both given; keep one of them"
    if printed is None:
        return {"message": f"{field}: {first} and {second} {way_out}"}
    one, other = (f"""'"' + {value} + '"'""" for value in printed)
    return {"messageExpression": f"'{field}: {first} ' + {one} + ' and {second} ' + {other} + ' {way_out}'"}


def reserved_ports() -> Extra:
    """Ports that Novita keeps for its own agents (novita-api 2A.1)."""
    said = "reserved by Novita (2222 to 2224); choose another port"
    return _validations(
        {
            "rule": "self < 2222 || self > 2224",
            "message": f"this port is {said}",
            "messageExpression": f"'port ' + {_printed('self', 4)} + ' is {said}'",
        }
    )


def ports() -> Extra:
    """Each port once, whatever its protocol. The list is one value for server-side apply: a key would be required."""
    # No messageExpression: the API server estimates one that goes through a list far above its budget.
    rule = {
        "rule": "self.all(port, self.exists_one(other, other.port == port.port))",
        "message": "ports: a port is listed twice; list each port once, as HTTP or as TCP",
    }
    return _validations(rule) | {"x-kubernetes-list-type": "atomic"}


def no_private_keys() -> Extra:
    """For a list of public keys. The rule is the list's: of an entry, newer API servers print the value."""
    message = "authorizedKeys: an entry is a private key; give the line of the .pub file, and make a new pair"
    return _validations({"rule": "self.all(key, !key.contains('PRIVATE KEY'))", "message": message})


def keyed(*fields: str) -> Extra:
    """For a list whose entries are known by these fields of theirs: they are merged one by one."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(fields)}


FIXED = "x-novita-fixed"
"""Marks a field that may be absent and never changes: its object gets the rule. It never reaches a CRD."""


def fixed(*, printed: str = "") -> Extra:
    """For a field that may be absent: neither its presence nor its value changes.

    `printed`: CEL that prints its value, `{}` for the field; empty where a message could not hold it, or must not.
    """
    return {FIXED: printed}


def of_fixed(fields: Mapping[str, Extra]) -> list[dict[str, str]]:
    """The rules of the object that has these fields, for those that are marked so."""
    return [_fixed(name, field[FIXED]) for name, field in fields.items() if FIXED in field]


def _fixed(field: str, printed: str) -> dict[str, str]:
    rule = equality.same(field, "self", "oldSelf")
    if not printed:
        return {"message": f"{field} cannot be changed, added or removed: {_WAY_OUT}", "rule": rule}
    before, after = (
        f"(has({which}) ? {printed.format(which)} : 'nothing')" for which in (f"oldSelf.{field}", f"self.{field}")
    )
    message = f"'{field} cannot be changed from ' + {before} + ' to ' + {after} + ': {_WAY_OUT}'"
    return {"messageExpression": message, "rule": rule}


def gpu_instance_spec() -> Extra:
    """Rules over several fields of a GPUInstance's spec."""
    alternatives = [
        *only_one("spec", "productName", "productId", printed=("self.productName", "self.productId"))[VALIDATIONS],
        *only_one(
            "spec",
            "imagePullSecretRef",
            "registryAuthId",
            printed=("self.imagePullSecretRef.name", "self.registryAuthId"),
        )[VALIDATIONS],
    ]
    positive = {
        "rule": "!has(self.maxPricePerHour) || self.maxPricePerHour.matches('[1-9]')",
        "messageExpression": "'maxPricePerHour is ' + self.maxPricePerHour + ', so nothing could ever be rented; "
        """give a price in USD such as "1.20", or leave it out'""",
    }
    jupyter_port = {
        "rule": "!has(self.ports) || !has(self.tools) || !has(self.tools.jupyter) || !self.tools.jupyter || "
        "size(self.ports) < 15",
        "message": "ports: Novita takes 15 ports in all and Jupyter needs one; list at most 14 or switch "
        "tools.jupyter off",
    }
    return _validations(*alternatives, positive, jupyter_port)


TEMPLATE = "x-novita-template"
"""Marks a field that holds the spec of objects still to be made; it never reaches a CRD."""
_TOLD_OF_THE_PAST = re.compile(r"\s*Cannot be changed( later)?\.")


def template(*rules: dict[str, str]) -> Extra:
    """For a field whose schema is another kind's spec."""
    return {TEMPLATE: True} | (_validations(*rules) if rules else {})


def without_past(schema: Extra) -> Extra:
    """A spec's schema without what binds an existing object: a template may be edited, what was made from it not."""
    kept = {key: _without_past(value) for key, value in schema.items()}
    lasting = [rule for rule in schema.get(VALIDATIONS, []) if "oldSelf" not in rule["rule"]]
    kept.pop(VALIDATIONS, None)
    return kept | ({VALIDATIONS: lasting} if lasting else {})


def _without_past(value: Any) -> Any:  # noqa: ANN401 - any part of a schema
    match value:
        case dict():
            return without_past(value)
        case str():
            return _TOLD_OF_THE_PAST.sub("", value)
        case _:
            return value


def short_name(kind: str, chars: int) -> Extra:
    """For a kind whose name is a label of what it makes."""
    # No messageExpression: the API server takes the name to be endless. It prints none of it by itself, either.
    message = (
        f"metadata.name: a {kind} has a name of at most {chars} characters, since it is a label of its instances; "
        "choose a shorter one"
    )
    return _validations({"rule": f"size(self.metadata.name) <= {chars}", "message": message})


def gpu_instance_set_template() -> Extra:
    """What one spec for many instances must not say."""
    return template(
        {
            "rule": "!has(self.connectionSecretName)",
            "messageExpression": "'template.spec.connectionSecretName is ' + self.connectionSecretName + ', and all "
            "instances of the set would share that one Secret; leave it out: each gets <its name>-connection'",
        },
        {
            "rule": "!has(self.service) || !has(self.service.name)",
            "messageExpression": "'template.spec.service.name is ' + self.service.name + ', and all instances of the "
            "set would share that one Service; leave it out: each gets one of its own name'",
        },
        _adopts_nothing("template.spec", "a set makes all its instances"),
    )


def _adopts_nothing(where: str, why: str) -> dict[str, str]:
    return {
        "rule": "!has(self.adopt)",
        "messageExpression": f"'{where}.adopt.instanceId is ' + self.adopt.instanceId + ', but {why}; leave it out, "
        "and adopt it with a GPUInstance'",
    }


def gpu_job_template() -> Extra:
    """What the instance of a program that ends must say, and must not."""
    return template(
        {
            "rule": "(has(self.command) && self.command != '') || (has(self.entrypoint) && self.entrypoint != '')",
            "message": "template: neither command nor entrypoint is given, so nothing would ever end; "
            "say in command what the job runs",
        },
        {
            "rule": "!has(self.powerState) || self.powerState == 'Running'",
            "message": "template.powerState is Stopped, so the job would never run; leave it out, "
            "and use suspend to hold the job back",
        },
        {
            "rule": "!has(self.deletionPolicy) || self.deletionPolicy == 'Delete'",
            "messageExpression": "'template.deletionPolicy is ' + self.deletionPolicy + ', but a job always releases "
            "its instance; leave it out, or use a GPUInstance'",
        },
        _adopts_nothing("template", "each attempt of a job rents an instance of its own"),
        {
            "rule": f"!has(self.env) || size(self.env) <= {_ENV_MOST - _JOB_VARIABLES}",
            "message": f"template.env: a job adds {_JOB_VARIABLES} variables of its own, so it takes at most "
            f"{_ENV_MOST - _JOB_VARIABLES}; leave some out",
        },
    )


def unchangeable(field: str, of: Iterable[str], kind: str) -> Extra:
    """For the owner of a field that always has a value and never another one. `of`: what that value has for fields."""
    message = f"{field} cannot be changed: create a new {kind} instead"
    rule = equality.same_in_all(of, f"self.{field}", f"oldSelf.{field}")
    return _validations({"rule": rule, "message": message})
