"""What a login to a machine meets: what jobs with exit codes, and verbs such as exec, rest on."""

from __future__ import annotations

from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Door, Entered, Evidence, NotSeen

_NO_LOGIN = (Door.REFUSED, Door.ANOTHER_KEY)


def _beyond(evidence: Evidence, *doors: Door) -> Entered:
    """What a login has met, unless it came no farther than one of these. Raises NotSeen."""
    found = evidence.entered()
    if found.door in doors:
        raise NotSeen(f"the instance {found.said}")
    return found


def _login(evidence: Evidence) -> Finding:
    found = _beyond(evidence, Door.ANOTHER_KEY)
    return judged(found.door is not Door.REFUSED, found.said if found.door is Door.REFUSED else "let in")


def _host_key(evidence: Evidence) -> Finding:
    found = evidence.entered()
    return judged(found.door is not Door.ANOTHER_KEY, "asked twice")


def _shell(evidence: Evidence) -> Finding:
    found = _beyond(evidence, *_NO_LOGIN)
    no_shell = found.door is Door.NO_SHELL
    return judged(not no_shell, found.said if no_shell else "a script was run")


def _environment(evidence: Evidence) -> Finding:
    found = _beyond(evidence, *_NO_LOGIN, Door.NO_SHELL)
    return judged(found.door is Door.OPEN, found.said)


_INSTEAD = "Use `completion.signal: Exited` or `Annotation`"

ALL = (
    Assumption(
        "ssh-login",
        "4",
        "The ssh command and the password of a machine that runs let one in.",
        f"Jobs with exit codes never start their program, and exec, cp, sync and run do not work. {_INSTEAD}.",
        _login,
    ),
    Assumption(
        "ssh-host-key",
        "4",
        "An ssh server shows the same host key as long as its machine runs.",
        "Each instance has the condition HostKeyChanged, and the operator logs in to none.",
        _host_key,
    ),
    Assumption(
        "ssh-shell",
        "4",
        "A command over ssh goes to a POSIX shell of the image.",
        f"Jobs with exit codes are given up as Unusable, also with this common image. {_INSTEAD}.",
        _shell,
    ),
    Assumption(
        "ssh-environment",
        "4",
        "A login can read the variables of the container, in /proc/1/environ or as its own.",
        f"Jobs with exit codes are given up as Unusable, since their program would lack its `env`. {_INSTEAD}.",
        _environment,
    ),
)
