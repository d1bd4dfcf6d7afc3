"""What is read from the Go module file."""

from __future__ import annotations

import re

import pytest

from local_cluster import module
from local_cluster.errors import CannotProvide

_GO_MOD = """\
module example.com/controlplane

go 1.26.0

require (
	helm.sh/helm/v4 v4.3.1
	k8s.io/kubernetes v1.37.2
)

replace k8s.io/kubernetes/staging => k8s.io/other v0.0.1
"""


def test_the_version_is_that_of_the_requirement_and_of_no_module_with_a_similar_name() -> None:
    assert module.kubernetes_version(_GO_MOD) == "v1.37.2"


def test_the_oldest_go_is_the_go_line_without_its_patch_level() -> None:
    assert module.go_version(_GO_MOD) == (1, 26)


def test_the_shipped_module_file_names_both() -> None:
    assert re.fullmatch(r"v1\.\d+\.\d+", module.kubernetes_version())
    assert module.go_version() >= (1, 26)


@pytest.mark.parametrize("ask", [module.kubernetes_version, module.go_version])
def test_a_file_that_names_neither_is_refused_by_name(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(CannotProvide, match=r"go\.mod names no version of"):
        ask("module example.com/empty\n")
