"""The load test of the REST gateway's examples: so many instances, so many at a time, a report, and nothing left.

`make load CONCURRENT=3 TOTAL=10` runs it on the demo environment, where instances cost nothing. Anywhere else:
`python load.py --concurrent 3 --total 10 --namespace NAMESPACE`, with kubectl on the PATH.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One instance: how long it took to be Ready, seconds, or what went wrong."""

    name: str
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Load:
    """What to run, and where."""

    namespace: str
    account: str
    timeout: int

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Raises RuntimeError with what kubectl says."""
        done = subprocess.run(
            ["kubectl", "-n", self.namespace, *arguments], input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def one(self, name: str) -> Result:
        """Apply an instance and wait until it is Ready."""
        body = {
            "apiVersion": "gpu.novita.ai/v1alpha1",
            "kind": "GPUInstance",
            "metadata": {"name": name, "labels": {"load-test": "yes"}},
            "spec": {"accountRef": {"name": self.account}, "lifetime": {"maxSeconds": 3600}},
        }
        started = time.monotonic()
        try:
            self.kubectl("apply", "-f", "-", stdin=json.dumps(body))
            self.kubectl("wait", "--for=condition=Ready", f"gpui/{name}", f"--timeout={self.timeout}s")
        except RuntimeError as error:
            return Result(name, time.monotonic() - started, str(error))
        return Result(name, time.monotonic() - started)

    def clean_up(self) -> None:
        """Every instance goes, also those that failed: nothing is left billing."""
        self.kubectl("delete", "gpui", "-l", "load-test=yes", "--ignore-not-found", f"--timeout={self.timeout}s")


def report(results: list[Result], seconds: float) -> str:
    """Successes, failures, mean and p95 of the time to Ready, and how many per second."""
    worked = sorted(result.seconds for result in results if not result.error)
    failed = [result for result in results if result.error]
    lines = [
        "=== Load test ===",
        f"Total requests: {len(results)}",
        f"Successful: {len(worked)} ({100 * len(worked) / len(results):.1f} %)",
        f"Failed: {len(failed)} ({100 * len(failed) / len(results):.1f} %)",
    ]
    if worked:
        p95 = worked[min(len(worked) - 1, int(0.95 * len(worked)))]
        lines.append(f"Time to Ready: mean {statistics.mean(worked):.2f} s, p95 {p95:.2f} s")
    lines.append(f"Total time: {seconds:.2f} s")
    lines.append(f"Ready per second: {len(worked) / seconds:.2f}")
    lines += [f"  {result.name}: {result.error}" for result in failed]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--concurrent", type=int, default=5)
    parser.add_argument("--total", type=int, default=20)
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--account", default="default", help="the NovitaAccount that pays")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for one instance")
    given = parser.parse_args()
    load = Load(given.namespace, given.account, given.timeout)
    started = time.monotonic()
    try:
        with ThreadPoolExecutor(given.concurrent) as pool:
            results = list(pool.map(load.one, [f"load-{number}" for number in range(given.total)]))
        print(report(results, time.monotonic() - started))
    finally:
        load.clean_up()
    print("All instances are deleted.")
    return 1 if any(result.error for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
