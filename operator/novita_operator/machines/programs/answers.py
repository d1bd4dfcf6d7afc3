"""What a machine answers: lines of a word and a value, and after an empty line whatever was asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from novita_operator.machines import errors, scripts
from novita_operator.machines.command import Ran
from novita_operator.machines.programs.program import Environment
from novita_operator.machines.programs.state import Ended, Lost, NotStarted, Printed, Running, Starting, State
from novita_operator.machines.scripts import Answer

_MARK = b"gpu-job 1"
_SHELLS_OWN = frozenset({"_", "SHLVL", "PWD", "OLDPWD"})  # what a shell adds to the session that it is started in
_YEAR_10000 = 253_402_300_800


def read(ran: Ran) -> Answer:
    """Raises NoShell where no shell of ours has answered: then none ever will."""
    return scripts.read(ran, _MARK)


def state(answer: Answer) -> State:
    """What the lines say. Raises NoShell where they make no sense."""
    facts = answer.facts
    try:
        match facts.get("state"):
            case "none":
                return NotStarted()
            case "starting":
                return Starting(max(0, _number(facts, "now") - _number(facts, "asked")) if "asked" in facts else 0)
            case "running":
                return Running(_time(facts, "started"))
            case "ended":
                return Ended(_number(facts, "code"), _time(facts, "started"), _time(facts, "ended"))
            case "lost":
                return Lost()
            case _:
                raise errors.NoShell("answers a command with what nobody understands")
    except (KeyError, ValueError) as error:
        raise errors.NoShell("answers a command with what nobody understands") from error


def environment(answer: Answer) -> Environment | None:
    """The container's environment; None where it cannot be known."""
    source = answer.facts.get("environment")
    if source not in {"container", "session"}:
        return None
    pairs = (part.decode("utf-8", "surrogateescape").partition("=") for part in answer.rest.split(b"\0") if part)
    variables = {name: value for name, equals, value in pairs if name and equals}
    if source == "session":
        variables = {name: value for name, value in variables.items() if name not in _SHELLS_OWN}
    return Environment(variables, at_home=source == "session")


def printed(answer: Answer, most_bytes: int) -> Printed:
    """The end of the output. Its size is no smaller than that: what it has started may print meanwhile."""
    end = answer.rest[-most_bytes:]
    try:
        return Printed(end, max(_number(answer.facts, "size"), len(end)))
    except (KeyError, ValueError):
        return Printed(end, len(end))


def _number(facts: Mapping[str, str], word: str) -> int:
    text = facts[word].strip()
    if not text.isascii() or not text.isdigit() or int(text[:12]) >= _YEAR_10000:
        raise ValueError(word)
    return int(text)


def _time(facts: Mapping[str, str], word: str) -> datetime:
    return datetime.fromtimestamp(_number(facts, word), UTC)
