"""The page says what was run, and what was found."""

from __future__ import annotations

from collections import Counter

from tests.soak import results
from tests.soak.run import Found, Wanted


def test_the_page_has_the_command_the_counts_and_every_finding() -> None:
    found = Found(Wanted(40, 5, 7), done=Counter({"replace": 3}), skipped=Counter({"reclaim": 2}), looks=299)
    found.findings, found.by_kind = ["untrue for more than 5 s: gpu"], Counter({"untrue": 1})

    text = results.write(found, "abc1234")

    for line in (
        "- run: `python -m tests.soak --objects 40 --minutes 5 --seed 7`",
        "- commit: abc1234",
        "| replace | 3 | 0 |",
        "| reclaim | 0 | 2 |",
        "| untrue | 1 | Ready, and no instance lives under its name and id |",
        "- untrue for more than 5 s: gpu",
    ):
        assert line in text.splitlines()


def test_a_run_takes_the_place_of_its_last_one_and_leaves_the_others() -> None:
    one, other = Found(Wanted(40, 5, 7)), Found(Wanted(80, 8, 7))
    page = results.page(results.page("", one, "first"), other, "other")

    again = results.page(page, one, "second")

    assert [line for line in again.splitlines() if line.startswith("- commit")] == [
        "- commit: other",
        "- commit: second",
    ]
    assert again.count("# Soak: many objects") == 1
