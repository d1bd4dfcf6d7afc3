"""What becomes of an instance that is rented, watched and ended."""

from __future__ import annotations

from novita_operator.novita import decoding, errors
from novita_operator.novita.states import state_of
from novita_operator.verification import shapes
from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Ask, Evidence, NotSeen

_LATER_WORDS = frozenset({"pulling", "running", "exited"})
_LONGEST_END_SECONDS = 300.0  # novita-api 3.2


def _created(evidence: Evidence) -> Finding:
    answer = evidence.answer(Ask.CREATE)
    has_id = isinstance(answer.get("id"), str) and bool(answer["id"])
    return judged(has_id, f"the answer has {shapes.keys(answer)}")


def _listed(evidence: Evidence) -> Finding:
    polls = evidence.rented().polls
    _require_created(evidence)
    return judged(polls == 1, "never" if polls is None else f"at poll {polls}")


def _name(evidence: Evidence) -> Finding:
    life = evidence.rented()
    _require_created(evidence)
    names = {each.get("name") for each in evidence.details() if each.get("id") == _id(evidence)}
    kept = names == {life.name}
    return judged(kept, f"{len(life.name)} characters came back {'as they were sent' if kept else 'changed'}")


def _words(evidence: Evidence) -> Finding:
    evidence.rented()
    words = [str(each.get("status")) for each in evidence.details() if each.get("id") == _id(evidence)]
    states = [state_of(word) for word in words]
    on_the_way = [state for state in states if not (state.is_leaving or state.value == "exited")]
    return judged(
        states == on_the_way and "running" in words,
        f"shown: {', '.join(shapes.words([word]) for word in dict.fromkeys(words)) or 'nothing'}",
    )


def _first(evidence: Evidence) -> Finding:
    evidence.rented()
    found = evidence.items(Ask.FOUND_BY_NAME, "instances")
    words = {str(each.get("status")) for each in found if each.get("id") == _id(evidence)}
    if words & _LATER_WORDS:
        raise NotSeen(f"it was {shapes.words(words)} before anybody could see how it began")
    return judged(words <= {"toCreate", "creating"}, shapes.words(words))


def _wrong_state(evidence: Evidence) -> Finding:
    evidence.rented()
    reply = evidence.reply(Ask.START)
    error = errors.from_response(reply.status or 0, reply.text)
    understood = type(error).__name__ if not reply.is_success else "a success"
    return judged(isinstance(error, errors.InvalidState), f"answered with {reply.word}, understood as {understood}")


def _echo(evidence: Evidence) -> Finding:
    evidence.rented()
    modes = [each.get("billingMode") for each in evidence.details() if each.get("id") == _id(evidence)]
    return judged(set(modes) == {"onDemand"}, shapes.words(modes))


def _deleted(evidence: Evidence) -> Finding:
    evidence.rented()
    reply = evidence.reply(Ask.DELETE)
    return judged(reply.is_success, f"answered with {reply.word}")


def _delete_reply(evidence: Evidence) -> Finding:
    evidence.rented()
    reply = evidence.reply(Ask.DELETE)
    if not reply.is_success:
        raise NotSeen("the deletion was refused")
    return judged(isinstance(reply.body, dict), "an empty body" if reply.body is None else shapes.of(reply.body))


def _ended(evidence: Evidence) -> Finding:
    life = evidence.rented()
    _require_created(evidence)
    return judged(life.seconds_to_end <= _LONGEST_END_SECONDS, f"gone after {life.seconds_to_end:.0f} s")


def _again(evidence: Evidence) -> Finding:
    evidence.rented()
    reply = evidence.reply(Ask.DELETE_AGAIN)
    return judged(reply.is_success or reply.status in {400, 404}, f"answered with {reply.word}")


def _id(evidence: Evidence) -> str:
    return decoding.created_id(evidence.reply(Ask.CREATE).body)


def _require_created(evidence: Evidence) -> None:
    if not _id(evidence):
        raise NotSeen(f"{Ask.CREATE} was answered with {evidence.reply(Ask.CREATE).word} and no id")


ALL = (
    Assumption(
        "create-reply",
        "2A.1",
        "A new instance is told by its `id`.",
        "The operator searches for it by its name, which takes longer.",
        _created,
    ),
    Assumption(
        "create-listed",
        "1.8",
        "A new instance is in the list at once.",
        "After a lost answer the operator must wait longer before it rents again; see the setting LIST_LAG.",
        _listed,
    ),
    Assumption(
        "name-kept",
        "1.8",
        "A name of 63 characters comes back as it was sent.",
        "The operator does not find its instances: **do not use it** before this is settled.",
        _name,
    ),
    Assumption(
        "first-status",
        "3.1",
        "A new instance begins as `toCreate` or `creating`.",
        "Nothing: `pending` is known as well. Any other word is taken as billed.",
        _first,
    ),
    Assumption(
        "life-words",
        "3.2",
        "A new instance comes to `running` without being shown as ended.",
        "The operator rents another one for an object whose instance has ended by itself.",
        _words,
    ),
    Assumption(
        "billing-echo",
        "1.11",
        "`billingMode` of an instance is that of the create call.",
        "An instance of another billing mode than the object's is not noticed.",
        _echo,
    ),
    Assumption(
        "wrong-state",
        "1.5",
        "A start of an instance that runs is refused as an invalid state change.",
        "The operator takes such a refusal for an error of the object, or a useless start for one that was needed.",
        _wrong_state,
    ),
    Assumption(
        "delete-reply",
        "1.3",
        "A deletion is answered with a JSON object.",
        "The client takes an empty body as well; other programs may not.",
        _delete_reply,
    ),
    Assumption(
        "delete-any-status",
        "2A.1",
        "An instance can be deleted in any status.",
        "A deletion takes as long as the status lasts, and is paid for.",
        _deleted,
    ),
    Assumption(
        "delete-time",
        "3.2",
        "A deleted instance is gone within five minutes.",
        "Objects stay longer, until Novita proves that nothing costs money any more.",
        _ended,
    ),
    Assumption(
        "delete-again",
        "1.8",
        "A deletion that is repeated succeeds, or is answered with not found.",
        "The operator takes the answer as a failure, and reads once more.",
        _again,
    ),
)
