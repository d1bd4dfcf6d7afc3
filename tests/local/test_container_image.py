"""The builder that needs no container engine: what it reads, what it leaves out, and what it writes."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest
from tests.support.processes import REPOSITORY

from container_image import archive, bases, building, dockerfile, engines, ignoring
from container_image.errors import CannotBuild


def test_our_dockerfile_is_read_whole() -> None:
    build, last = dockerfile.read((REPOSITORY / "deploy" / "Dockerfile").read_text())

    assert build.name == "build"
    assert {build.base, last.base} == set(bases.BASES), "each base is known as packages"
    assert not any(each.keyword == "RUN" for each in last.instructions), "the last stage has no shell"
    copied = [each for each in last.instructions if "from" in each.flags]
    assert [each.flags["from"] for each in copied] == ["build"]


def test_continued_lines_comments_flags_and_forms_are_understood() -> None:
    (stage,) = dockerfile.read(
        "# syntax=x\nFROM a AS b\nRUN one \\\n # between\n && two\nCOPY --from=c --chown=1:1 /x /y\n"
        'LABEL a="1 2" b=3\nENTRYPOINT ["p", "q r"]\nARG WITH=5\nARG WITHOUT\n'
    )

    run, copy, label, entrypoint, given, bare = stage.instructions
    assert run.text.split() == ["one", "&&", "two"]
    assert (copy.flags, copy.words()) == ({"from": "c", "chown": "1:1"}, ["/x", "/y"])
    assert label.pairs() == {"a": "1 2", "b": "3"}
    assert entrypoint.words() == ["p", "q r"]
    assert (given.pairs(), bare.pairs()) == ({"WITH": "5"}, {"WITHOUT": ""})
    assert dockerfile.substituted("v${A}-$B-$C", {"A": "1", "B": "2"}) == "v1-2-"


@pytest.mark.parametrize("text", ["FROM a\nHEALTHCHECK CMD true", "RUN before any stage"])
def test_what_the_builder_does_not_know_is_refused_and_not_skipped(text: str) -> None:
    with pytest.raises(CannotBuild, match="build it with Docker or buildah"):
        dockerfile.read(text)


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("LICENSE", False),
        ("README.md", True),
        ("operator/novita_operator/cli.py", False),
        ("operator/novita_operator/api/__pycache__/x.pyc", True),
        ("operator/other/x.py", True),
        ("requirements/runtime.txt", False),
        ("requirements/dev.txt", True),
    ],
)
def test_our_ignore_file_leaves_out_what_docker_leaves_out(path: str, *, left_out: bool) -> None:
    rules = ignoring.rules((REPOSITORY / "deploy" / "Dockerfile.dockerignore").read_text())

    assert ignoring.is_ignored(path, rules) is left_out


def test_the_same_files_give_the_same_archive_whoever_packs_them_and_when(tmp_path: Path) -> None:
    digests = []
    for number in (1, 2):
        root = tmp_path / f"root-{number}"
        (root / "a").mkdir(parents=True)
        (root / "a" / "file").write_text("content")
        (root / "link").symlink_to("a/file")
        os.utime(root / "a" / "file", (number, number))
        digests.append(archive.write([root], archive.Image("x/y:1", {"User": "5"}), tmp_path / f"{number}.tar"))

    assert digests[0] == digests[1]
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()


def test_an_archive_names_its_image_and_its_layers(tmp_path: Path) -> None:
    layers = [tmp_path / "low", tmp_path / "high"]
    for layer in layers:
        layer.mkdir()
        (layer / layer.name).touch(mode=0o640)

    digest = archive.write(layers, archive.Image("x/y:1", {"Cmd": ["run"]}), tmp_path / "image.tar")

    with tarfile.open(tmp_path / "image.tar") as image:
        (manifest,) = json.load(image.extractfile("manifest.json"))
        described = json.load(image.extractfile(manifest["Config"]))
        names = []
        for path in manifest["Layers"]:
            with tarfile.open(fileobj=image.extractfile(path)) as layer:
                names += [(entry.name, entry.mode, entry.uid) for entry in layer]
    assert manifest["RepoTags"] == ["x/y:1"]
    assert manifest["Config"] == f"{digest}.json"
    assert described["config"] == {"Cmd": ["run"]}
    assert len(described["rootfs"]["diff_ids"]) == 2
    assert names == [("low", 0o640, 0), ("high", 0o640, 0)]


def test_an_engine_that_works_is_used_and_a_program_without_its_daemon_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    _program(tmp_path / "docker", "exit 1")
    _program(tmp_path / "buildah", f'echo "$@" >> {calls}; [ "$1" != push ] || touch {tmp_path}/out/image.tar')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    by = building.build(tmp_path, "x/y:1", tmp_path / "out" / "image.tar", {"VERSION": "1"})

    assert by == "buildah"
    assert calls.read_text().splitlines() == [
        "info",
        "build --build-arg=VERSION=1 -f deploy/Dockerfile -t x/y:1 .",
        f"push x/y:1 docker-archive:{tmp_path}/out/image.tar:x/y:1",
    ]


def test_where_nothing_can_build_it_the_ways_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engines, "find", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(CannotBuild, match=r"needs Docker, podman or buildah; or Linux, root and mmdebstrap"):
        building.build(REPOSITORY, "x/y:1", tmp_path / "image.tar", {})


def test_a_base_whose_packages_are_not_known_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(building, "_require", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "Dockerfile").write_text("FROM scratch\n")

    with pytest.raises(CannotBuild, match="the packages of scratch are not known"):
        building.from_packages(tmp_path, "x/y:1", tmp_path / "image.tar", {})


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
