"""Lists and their pages."""

from __future__ import annotations

from collections.abc import Mapping

from novita_operator.novita import decoding, errors
from novita_operator.novita.paging import PAGE_SIZE
from novita_operator.verification import shapes
from novita_operator.verification.assumption import Assumption, Finding, judged
from novita_operator.verification.evidence import Ask, Evidence, Item, NotSeen

# The envelopes of the lists (novita-api 2A).
_ENVELOPES: Mapping[Ask, str] = {
    Ask.INSTANCES: "instances",
    Ask.PRODUCTS: "data",
    Ask.CLUSTERS: "data",
    Ask.TEMPLATES: "template",
    Ask.VOLUMES: "data",
    Ask.REGISTRIES: "data",
    Ask.JOBS: "jobs",
}


def _envelopes(evidence: Evidence) -> Finding:
    wrong = []
    for ask, key in _ENVELOPES.items():
        listed = evidence.answer(ask).get(key)
        if not isinstance(listed, list):
            wrong.append(f"{ask}: `{key}` is {shapes.field(evidence.answer(ask), key)}")
    return judged(not wrong, shapes.joined(wrong) or f"all {len(_ENVELOPES)} lists have the documented names")


def _empty(evidence: Evidence) -> Finding:
    answer = evidence.answer(Ask.NO_INSTANCES)
    return judged(answer.get("instances") == [], f"`instances` is {_list_of(answer)}")


def _list_of(answer: Item) -> str:
    listed = answer.get("instances")
    return f"a list of {len(listed)}" if isinstance(listed, list) else shapes.field(answer, "instances")


def _decoded(evidence: Evidence) -> Finding:
    answer = evidence.answer(Ask.INSTANCES)
    try:
        page = decoding.instances(answer)
    except errors.InvalidResponse as error:
        return judged(False, f"not understood: {error.message}")
    return judged(True, f"{len(page.items)} instances were understood")


def _total(evidence: Evidence) -> Finding:
    answer = evidence.answer(Ask.INSTANCES)
    listed = answer.get("instances")
    count = len(listed) if isinstance(listed, list) else 0
    total = decoding.instances({"instances": [], "total": answer.get("total")}).total
    if total is None:
        return judged(False, f"`total` is {shapes.field(answer, 'total')}")
    if _none_matching(evidence.answer(Ask.NO_INSTANCES)) not in {0, None}:
        return judged(False, "more than none where nothing matches")
    # A full page says nothing about how many there are in all.
    fits = total == count if count < PAGE_SIZE else total >= count
    return judged(fits, "as many as are listed" if fits else "another number than is listed")


def _none_matching(answer: Item) -> int | None:
    return decoding.instances({"instances": [], "total": answer.get("total")}).total


def _total_form(evidence: Evidence) -> Finding:
    answer = evidence.answer(Ask.INSTANCES)
    if answer.get("total") is None:
        raise NotSeen("there was no `total`")
    return judged(isinstance(answer["total"], str), shapes.field(answer, "total"))


def _base(evidence: Evidence) -> Finding:
    first, second, third = (_ids(evidence, ask) for ask in (Ask.TEMPLATES_0, Ask.TEMPLATES_1, Ask.TEMPLATES_2))
    if not second and not first:
        raise NotSeen("there are no official templates")
    if first == second and second == third:
        return judged(False, "every page is the same: the page is ignored")
    return judged(first == second, "pages 0 and 1 are the same" if first == second else "pages 0 and 1 differ")


def _ids(evidence: Evidence, ask: Ask) -> list[object]:
    try:
        return [each.get("Id") for each in evidence.items(ask, "template")]
    except NotSeen:
        return []


def _size(evidence: Evidence) -> Finding:
    found = len(evidence.items(Ask.TEMPLATES_1, "template"))
    return judged(found == 1, f"a page of one holds {found}")


def _largest(evidence: Evidence) -> Finding:
    listed = len(evidence.items(Ask.TEMPLATES, "template"))
    size = decoding.instances({"instances": [], "total": evidence.answer(Ask.TEMPLATES).get("pageSize")}).total
    if size is None:
        raise NotSeen("the answer names no `pageSize`")
    return judged(size == PAGE_SIZE and listed <= size, f"asked for {PAGE_SIZE}, got pages of {size}")


def _beyond(evidence: Evidence) -> Finding:
    if len(evidence.items(Ask.INSTANCES, "instances")) >= PAGE_SIZE:
        raise NotSeen("the account has more than one page of instances")
    answer = evidence.answer(Ask.SECOND_PAGE)
    return judged(not answer.get("instances"), f"`instances` is {_list_of(answer)}")


ALL = (
    Assumption(
        "envelopes",
        "2A",
        "Lists have their documented names: instances, data, template, jobs.",
        "The operator cannot read this list.",
        _envelopes,
    ),
    Assumption(
        "empty-list",
        "1.7",
        "A list of which nothing matches the filter is `[]`.",
        "A list that is null is an answer that was not understood, and no proof of absence.",
        _empty,
    ),
    Assumption(
        "list-understood",
        "2A.1",
        "Every instance in the list has an id.",
        "The operator refuses the whole list, since one that hides an instance leads to a second rental.",
        _decoded,
    ),
    Assumption(
        "list-total",
        "1.7",
        "A list says how many instances match in all.",
        "The operator reads on until a page is not full.",
        _total,
    ),
    Assumption(
        "total-form",
        "1.7",
        "`total` is a text of digits.",
        "The client takes numbers as well; other programs may not.",
        _total_form,
    ),
    Assumption(
        "page-base",
        "1.7",
        "Pages 0 and 1 are the same first page.",
        "Programs that begin at 0 read another first page than the operator, which begins at 1.",
        _base,
    ),
    Assumption(
        "page-size",
        "1.7",
        "A page holds as many as were asked for.",
        "Lists take more calls than they should, or never end.",
        _size,
    ),
    Assumption(
        "largest-page",
        "1.7",
        f"A page may hold {PAGE_SIZE}.",
        "A poll of a large account takes more calls.",
        _largest,
    ),
    Assumption(
        "page-beyond",
        "1.7",
        "The page after the last one is empty.",
        "A list never ends, or shows instances twice.",
        _beyond,
    ),
)
