"""The Python client of the REST gateway, with the Kubernetes API in its place: `pip install kubernetes pyyaml`.

It applies an instance, waits until it is Ready, prints how to reach it, lists all instances, and lets it go. Where the
gateway's client polled every 30 seconds and lost the instance when it crashed, a watch tells at once, and the object is
still there: run it again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config, watch

GROUP, VERSION, PLURAL = "gpu.novita.ai", "v1alpha1", "gpuinstances"


class Instances:
    """GPUInstances of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.api = client.CustomObjectsApi()

    def apply(self, body: dict[str, Any]) -> None:
        """Create it; one that is there already is left as it is."""
        try:
            self.api.create_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, body)
        except client.ApiException as error:
            if error.status != 409:
                raise

    def list(self) -> list[dict[str, Any]]:
        return self.api.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)["items"]

    def wait_until_ready(self, name: str, timeout: int = 600) -> dict[str, Any]:
        """The status, once it is Ready. Raises RuntimeError where only a person can help, or the time is over."""
        stream = watch.Watch().stream(
            self.api.list_namespaced_custom_object, GROUP, VERSION, self.namespace, PLURAL,
            field_selector=f"metadata.name={name}", timeout_seconds=timeout,
        )  # fmt: skip
        for event in stream:
            status = event["object"].get("status", {})
            conditions = {each["type"]: each for each in status.get("conditions", [])}
            if conditions.get("Ready", {}).get("status") == "True":
                return status
            if conditions.get("Stalled", {}).get("status") == "True":
                raise RuntimeError(conditions["Stalled"]["message"])
        raise RuntimeError(f"{name} was not Ready after {timeout} seconds")

    def delete(self, name: str) -> None:
        """The object goes when the instance is gone at Novita, and its billing with it."""
        self.api.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)


def main(namespace: str = "default") -> None:
    config.load_config()
    instances = Instances(namespace)
    body = yaml.safe_load((Path(__file__).parent / "instance.yaml").read_text())
    name = body["metadata"]["name"]
    # Fields that a caller adds, such as accountRef, come from a second file.
    if len(sys.argv) > 2:
        body["spec"] |= yaml.safe_load(Path(sys.argv[2]).read_text())
    print("Creating GPU instance...")
    instances.apply(body)
    try:
        status = instances.wait_until_ready(name)
        print(f"Instance created: {status['instanceId']}")
        print(f"SSH: {status['connection']['ssh']}")
        print(f"Jupyter: {status['connection'].get('jupyter')}")
        print(f"Passwords: kubectl get secret {status['connection']['secretRef']['name']}")
        print(f"Total instances: {len(instances.list())}")
    finally:
        instances.delete(name)


if __name__ == "__main__":
    main(*sys.argv[1:2])
