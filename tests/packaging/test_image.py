"""What the image holds of site-packages: what can be imported, and the proof that it can be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import kopf
import kubernetes
import pytest
from tests.packaging.rendering import ROOT

RULES = ROOT / "deploy" / "image"
OURS = ROOT / "operator" / "novita_operator"
_SHIPPED_MEBIBYTES = 8  # of the client, of 60 without bytecode; today 3
_TABLE = '_exports = {"CoreApi": ".core_api", "OtherApi": ".other_api", "Pod": ".pod", "Node": ".node"}\n'
CLIENT = {
    "__init__.py": "from . import config\n",
    "config.py": "import typing\nif typing.TYPE_CHECKING:\n    from . import checked\n",
    "checked.py": "",
    "aio/__init__.py": "import kubernetes.aio.client as client\n",
    "aio/client/__init__.py": _TABLE,
    # Named by nobody but its neighbours:
    "aio/client/other_api.py": "answers = {'200': 'Node'}\n",
    "aio/client/node.py": "class Node: pass\n",
    # Asked for by the operator below; the model of its answer is named in a string, and imports its parts.
    "aio/client/core_api.py": "answers = {'200': 'Pod'}\n",
    "aio/client/pod.py": "from kubernetes.aio.client.spec import Spec\n",
    "aio/client/spec.py": "from ..words import WORDS\n",
    "aio/words.py": "WORDS = ()\n",
    "aio/client/stub.pyi": "",
    "aio/client/__pycache__/node.cpython-313.pyc": "",
}


def _run(program: str, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(RULES / program), *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def _files(site: Path) -> set[str]:
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


def _made_up(site: Path, operator: str) -> Path:
    written = {f"kubernetes/{name}": text for name, text in CLIENT.items()} | {"operator.py": operator}
    for name, text in written.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    return site


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, kopf and the operator as they are installed here, pruned."""
    site = tmp_path_factory.mktemp("shipped") / "site-packages"
    for source in (Path(str(kubernetes.__file__)).parent, Path(str(kopf.__file__)).parent, OURS):
        shutil.copytree(source, site / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    pruned = _run("prune.py", str(site))
    assert pruned.returncode == 0, pruned.stderr
    return site


def test_all_that_the_operator_and_kopf_import_and_ask_for_is_shipped(shipped: Path) -> None:
    proof = _run("prove.py", path=str(shipped))

    assert proof.returncode == 0, proof.stderr


def test_of_the_client_a_twentieth_is_shipped(shipped: Path) -> None:
    files = [path for path in (shipped / "kubernetes").rglob("*") if path.is_file()]

    assert files
    assert sum(path.stat().st_size for path in files) < _SHIPPED_MEBIBYTES << 20


def test_the_operator_itself_is_shipped_whole(shipped: Path) -> None:
    sources = {str(path.relative_to(OURS)) for path in OURS.rglob("*.py")}

    assert _files(shipped / OURS.name) >= sources


def test_the_proof_fails_where_a_part_of_the_client_is_missing(shipped: Path, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    shutil.copytree(shipped, site)
    (site / "kubernetes" / "aio" / "client" / "api_client.py").unlink()

    proof = _run("prove.py", path=str(site))

    assert proof.returncode != 0
    assert "kubernetes.aio.client.api_client" in proof.stderr


def test_what_the_operator_names_is_shipped_with_the_models_of_its_answers(tmp_path: Path) -> None:
    site = _made_up(tmp_path, "from kubernetes.aio import client\nclient.CoreApi\n")

    assert _run("prune.py", str(site)).returncode == 0

    assert _files(site) == {
        "operator.py", "kubernetes/__init__.py", "kubernetes/config.py", "kubernetes/aio/__init__.py",
        "kubernetes/aio/words.py",
        *(f"kubernetes/aio/client/{name}.py" for name in ("__init__", "core_api", "pod", "spec")),
    }  # fmt: skip


def test_pruning_twice_takes_nothing_more(tmp_path: Path) -> None:
    site = _made_up(tmp_path, "from kubernetes.aio.client import OtherApi\n")
    _run("prune.py", str(site))
    once = _files(site)

    again = _run("prune.py", str(site))

    assert again.returncode == 0, again.stderr
    assert _files(site) == once
    assert "kubernetes/aio/client/node.py" in once
