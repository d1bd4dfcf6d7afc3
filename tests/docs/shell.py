"""Shell blocks taken apart: one line a step, and the commands in it as words."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator

from tests.docs.pages import Block

_BETWEEN = {"|", "||", "&&", ";", "&", "(", ")"}
_REDIRECTS = {">", ">>", "<"}


def steps(block: Block) -> list[str]:
    """The lines as they are typed: what is continued is joined, comments on lines of their own are left out."""
    joined = re.sub(r"\\\n\s*", " ", block.text)
    joined = re.sub(r"(\||&&)\s*\n\s*", r"\1 ", joined)
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def commands(step: str) -> Iterator[list[str]]:
    """The words of each command of a step, without variables before it and redirections behind it."""
    lexer = shlex.shlex(step, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for word in lexer:
        if skip:
            skip = False
        elif word in _REDIRECTS:
            skip = True
        elif word in _BETWEEN:
            yield from _one(words)
            words = []
        else:
            words.append(word)
    yield from _one(words)


def _one(words: list[str]) -> Iterator[list[str]]:
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    if words:
        yield words


def long_flags(words: list[str]) -> set[str]:
    """`--flag` and `--flag=value`, up to `--`."""
    before = words[: words.index("--")] if "--" in words else words
    return {word.partition("=")[0] for word in before if word.startswith("--")}


def plain_words(words: list[str]) -> list[str]:
    """What is no flag; the value of `-n` is none, either."""
    found, skip = [], False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word == "-n"
            continue
        found.append(word)
    return found


def files(words: list[str]) -> set[str]:
    """Files that the command reads: values of -f, -k and the like, and paths of this repository."""
    takes = {"-f", "-k", "--filename", "--kustomize", "--patch-file", "--values"}
    named = {after for flag, after in itertools.pairwise(words) if flag in takes}
    paths = {word for word in words if re.match(r"(\./)?(deploy|charts|crds|tests|operator)/", word)}
    return (named | paths) - {"-"}
