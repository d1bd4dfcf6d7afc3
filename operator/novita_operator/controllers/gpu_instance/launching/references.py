"""Secrets and ConfigMaps that a GPUInstance refers to, always in its own namespace."""

from __future__ import annotations

import itertools

from pydantic import SecretStr

from novita_operator import secrecy
from novita_operator.api.gpu_instance.life import NotificationSecretRef
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.sources import EnvVar
from novita_operator.controllers.gpu_instance.launching import pull_secrets
from novita_operator.controllers.gpu_instance.launching.request import Inputs
from novita_operator.controllers.gpu_instance.reachability import gathering
from novita_operator.kube import errors
from novita_operator.kube.bodies import Content
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling.entries import Entries, Unresolved

_HOSTS_TOLD = 5  # of a pull Secret: enough to see a typo
_VALUE_CHARS = 4095  # what Novita takes for one value (the bound of `env[].value`)
_NOT_BINARY = "a variable holds text (UTF-8) without NUL. Put it there as text, such as base64 of it."
_ALL_CHARS = 256 * 1024  # of all values together: a tenth of what Linux takes as the environment of a program


async def resolve(kube: KubeClient, resource: GPUInstance, image: str) -> Inputs:
    """Read everything that the spec refers to. Raises Unresolved, or kube errors."""
    env: list[tuple[str, SecretStr]] = []
    entries = Entries(kube, resource.meta.namespace, _NOT_BINARY)
    total, public = 0, _public(resource)
    for variable in resource.spec.env:
        value = await _value(variable, entries)
        if value is not None:
            total += len(value)
            _check_size(variable.name, value, total)
            # A job tells its program its own name: cut out of every line, that would hide what the line is about.
            env.append((variable.name, SecretStr(value) if value in public else _remembered(value)))
    await _check_signing_keys(kube, resource)
    await gathering.gather(kube, resource)  # before it is paid for; what they are then, the machine gets
    return Inputs(env=tuple(env), image_auth=await _image_auth(kube, resource, image))


def _check_size(variable: str, value: str, total: int) -> None:
    """Before anything is composed of it: one entry of a megabyte, named a hundred times, is a hundred megabytes."""
    if len(value) > _VALUE_CHARS:
        text = f"has {len(value)} characters, and Novita takes {_VALUE_CHARS} for one variable. Shorten the entry"
    elif total > _ALL_CHARS:
        text = f"and those before it have {total} characters together, and {_ALL_CHARS} may be sent. Leave some out"
    else:
        return
    raise Unresolved(f'spec.env "{variable}": its value {text}, or put the data on a network volume.')


async def _value(variable: EnvVar, entries: Entries) -> str | None:
    if variable.value_from is None:
        return variable.value or ""
    if variable.value_from.secret_key_ref is None and variable.value_from.config_map_key_ref is None:
        return ""
    return await entries.find(variable.value_from, f'spec.env "{variable.name}"')


async def _check_signing_keys(kube: KubeClient, resource: GPUInstance) -> None:
    """Whether webhooks can be signed. The keys are not held: each try reads its own, since they are rotated."""
    for number, told in enumerate(resource.spec.notifications):
        if told.secret_ref is not None:
            lacks = await _lack(kube, resource.meta.namespace, told.secret_ref)
            if lacks is not None:
                raise Unresolved(f"spec.notifications[{number}].secretRef: {lacks}")


async def _lack(kube: KubeClient, namespace: str, ref: NotificationSecretRef) -> str | None:
    """Why the entry cannot sign, and what to do; None if it can."""
    secret = f'the Secret "{ref.name}" in namespace "{namespace}"'
    entry = f'the entry "{ref.key}" of {secret}'
    try:
        found = await kube.read_secret(namespace, ref.name)
    except errors.NotFound:
        return f'{secret} does not exist. Create it: its entry "{ref.key}" signs the webhooks.'
    if ref.key in found.binary:
        return f"{entry} is binary, and a key that signs is text (UTF-8). Put it there as text, such as base64 of it."
    if ref.key not in found.entries:
        return f'{secret} has no entry "{ref.key}", which signs the webhooks. Add it, or name another one in `key`.'
    # An empty key would sign, and prove nothing.
    return None if found.entries[ref.key] else f"{entry} is empty, and an empty key proves nothing. Fill it."


async def _image_auth(kube: KubeClient, resource: GPUInstance, image: str) -> SecretStr | None:
    ref = resource.spec.image_pull_secret_ref
    if ref is None:
        return None
    where = f'spec.imagePullSecretRef: the Secret "{ref.name}" in namespace "{resource.meta.namespace}"'
    try:
        secret = await kube.read_secret(resource.meta.namespace, ref.name)
    except errors.NotFound:
        raise Unresolved(f"{where} does not exist. Create it with `kubectl create secret docker-registry`.") from None
    credentials = pull_secrets.credentials(secret.entries, image)
    if credentials is None:
        raise Unresolved(f"{where} {_without_credentials(secret, image)}")
    return _remembered(credentials)


def _without_credentials(secret: Content, image: str) -> str:
    if (entry := pull_secrets.incomplete(secret.entries, image)) is not None:
        return (
            f'has an entry "{entry}" for image "{image}" without user and password, as `docker login` writes it where '
            "a credential helper or an identity token stands for them. A pod could not pull with it, either: create "
            "it with `kubectl create secret docker-registry`."
        )
    hosts = ", ".join(itertools.islice(pull_secrets.hosts(secret.entries), _HOSTS_TOLD))
    if hosts:
        return f'holds no credentials for the registry of image "{image}", only for: {hosts}.'
    kinds = "kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg"
    return f'holds no credentials at all. It is of type "{secret.type}"; a pull Secret is of type {kinds}.'


def _public(resource: GPUInstance) -> frozenset[str]:
    """What names the object in every line of the log: no secret, whoever uses it as one."""
    at = resource.meta
    return frozenset({at.name, at.namespace, *((at.controller.name,) if at.controller is not None else ())})


def _remembered(value: str) -> SecretStr:
    secrecy.SECRETS.add(value)
    return SecretStr(value)
