"""What to say to somebody who lacks a right, so that an administrator can give it."""

from __future__ import annotations


def missing(what: str, resource: str, name: str, namespace: str) -> str:
    """Of `get` on one object. `what`: what is in it, as the subject of the sentence."""
    kind = {"secrets": "Secret", "configmaps": "ConfigMap"}[resource]
    return (
        f"{what} is in {kind} {name}, which your user may not read: that takes `get` on this one {kind}. An "
        f"administrator gives it by `kubectl create role {name} -n {namespace} --verb=get --resource={resource} "
        f"--resource-name={name}` and "
        f"`kubectl create rolebinding {name} -n {namespace} --role={name} --user=YOU`."
    )
