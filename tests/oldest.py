"""`make test-oldest`: the tests of operator, chart and samples on the control planes of older Kubernetes.

`make test-oldest-api` is the part of them that CI runs: what depends on the API server itself, on the oldest version.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(_REPOSITORY / "deploy" / "local")]

from local_cluster import binaries, catalogue  # noqa: E402 - the path comes first

ALL = ("tests/attacks", "tests/cluster", "tests/packaging")
API = (
    # What is refused, and in which words.
    "tests/cluster/test_bad_manifests.py",
    "tests/cluster/test_immutable_fields.py",
    # CRDs, samples and every object of the chart, taken strictly.
    "tests/cluster/test_command_line.py::test_the_crds_are_structural_and_established_without_any_complaint",
    "tests/cluster/test_command_line.py::test_the_printed_crds_are_those_of_the_repository_and_the_api_server_takes_them",
    "tests/cluster/test_samples.py",
    "tests/cluster/test_applying_again.py",
    "tests/packaging/test_upgraded_crds.py",
    "tests/packaging/test_applied.py",
    "tests/packaging/test_reference.py::test_the_example_of_each_kind_is_taken_by_the_api_server",
    # Admission policies, ours and the optional ones.
    "tests/attacks/test_held_fields.py",
    "tests/attacks/test_operator_token.py",
    "tests/packaging/test_policies.py",
    # What kubectl prints, explains and waits for.
    "tests/cluster/test_kubectl.py",
    "tests/cluster/test_jobs.py::test_kubectl_shows_a_job_in_one_line",
    "tests/cluster/test_sets.py::test_kubectl_shows_a_set_in_one_line",
    # One life of each kind: subresources, finalizers, owners, Secret, Service and EndpointSlices.
    "tests/cluster/test_account.py::test_a_good_account_shows_its_balance_and_that_its_key_is_accepted",
    "tests/cluster/test_holding.py::test_an_object_that_was_replaced_is_held_again_and_takes_its_instance_along",
    "tests/cluster/test_jobs.py::test_kubectl_waits_for_a_job_and_nothing_is_billed_when_it_returns",
    "tests/cluster/test_life.py::test_each_step_from_apply_to_ready_is_told_by_conditions_and_events",
    "tests/cluster/test_life.py::test_kubectl_delete_returns_when_the_instance_is_gone_at_novita_and_not_before",
    "tests/cluster/test_life.py::test_the_connection_secret_goes_with_the_object",
    "tests/cluster/test_service.py::test_service_and_slices_belong_to_the_object_and_go_with_it",
    "tests/cluster/test_sets.py::test_a_deletion_in_the_foreground_returns_when_everything_is_gone",
    "tests/cluster/test_sets.py::test_kubectl_scales_a_set_up_and_down",
    "tests/cluster/test_sets.py::test_the_scale_subresource_tells_autoscalers_how_many_there_are_and_which",
)
"""What depends on the API server's version. The rest of `ALL` would find there what it finds on the newest one."""
PARTS = {"all": (tuple(catalogue.OLDEST), ALL), "api": (tuple(catalogue.OLDEST)[-1:], API)}
"""Versions and tests of each."""


def main() -> int:
    """Returns what pytest returned on the first version where tests have failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.oldest", description=__doc__)
    parser.add_argument("part", choices=PARTS, help="everything on each version, or what CI runs")
    options, for_pytest = parser.parse_known_args()
    versions, tests = PARTS[options.part]
    codes = {version: _pytest(version, [*for_pytest, *tests]) for version in versions}
    if failed := [version for version, code in codes.items() if code]:
        print(f"FAILED on Kubernetes {', '.join(failed)}", flush=True)  # noqa: T201 - a command-line program
    return next((code for code in codes.values() if code), 0)


def _pytest(version: str, arguments: Sequence[str]) -> int:
    assets = binaries.provide_oldest(os.environ, version)
    print(f"on Kubernetes {version}, of {assets}", flush=True)  # noqa: T201
    command = [sys.executable, "-m", "pytest", "--durations", "5", *arguments]
    environment = {**os.environ, "KUBEBUILDER_ASSETS": str(assets)}
    return subprocess.run(command, cwd=_REPOSITORY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
