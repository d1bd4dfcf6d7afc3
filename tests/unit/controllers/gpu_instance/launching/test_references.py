"""Credentials of a registry, out of whatever somebody put into a Secret."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.support import builders as a

from novita_operator import secrecy
from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.controllers.gpu_instance.launching import pull_secrets, references
from novita_operator.controllers.gpu_instance.launching.request import Inputs
from novita_operator.kube import bodies, errors
from novita_operator.kube.bodies import Content
from novita_operator.kube.client import KubeClient
from novita_operator.reconciling.entries import Unresolved

IMAGE = "ghcr.io/team/app:1"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def credentials_in(docker_config: str, image: str) -> str | None:
    return pull_secrets.credentials({".dockerconfigjson": docker_config}, image)


def config(auths: Any) -> str:
    return json.dumps({"auths": auths})


@pytest.mark.parametrize(
    ("host", "image"),
    [
        ("ghcr.io", "ghcr.io/team/app"),
        ("https://ghcr.io", "ghcr.io/team/app:1"),
        ("http://registry.local:5000", "registry.local:5000/app@sha256:0123"),
        ("localhost", "localhost/app"),
        ("localhost:5000", "localhost:5000/app"),
        ("https://index.docker.io/v1/", "ubuntu"),
        ("index.docker.io", "library/ubuntu:24.04"),
        ("docker.io", "docker.io/library/ubuntu"),
        ("registry-1.docker.io", "team/app"),
    ],
)
def test_the_registry_of_an_image_is_found_under_its_usual_names(host: str, image: str) -> None:
    found = credentials_in(config({host: {"auth": encoded("user:pass")}}), image)

    assert found == "user:pass"


_ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("key", "image"),
    [
        ("https://ghcr.io/", "ghcr.io/team/app:1"),
        ("https://ghcr.io/v2/", "ghcr.io/team/app:1"),
        ("ghcr.io/team", "ghcr.io/team/app@sha256:0123"),
        ("registry.gitlab.com/group/proj", "registry.gitlab.com/group/proj/image:1"),
        ("*.dkr.ecr.eu-central-1.amazonaws.com", f"{_ECR}/app:1"),
        ("*.dkr.ecr.*.amazonaws.com", f"{_ECR}/team/app"),
        ("*.local:5000", "registry.local:5000/app"),
        ("docker.io/library", "ubuntu"),
        ("https://index.docker.io/v1/", "docker.io/team/app"),
        ("[2001:db8::7]:5000", "[2001:db8::7]:5000/app"),
        ("https://somebody:word@ghcr.io", "ghcr.io/team/app"),
    ],
)
def test_what_kubelet_takes_is_taken(key: str, image: str) -> None:
    assert credentials_in(config({key: {"auth": encoded("user:pass")}}), image) == "user:pass"


@pytest.mark.parametrize(
    ("key", "image"),
    [
        ("ghcr.io/other", "ghcr.io/team/app"),
        ("registry.local:5000", "registry.local/app"),
        ("registry.local", "registry.local:5000/app"),
        ("*.amazonaws.com", f"{_ECR}/app"),
        ("*", "ghcr.io/team/app"),
        ("docker.io/team", "ubuntu"),
        ("https://[broken", "ghcr.io/team/app"),
    ],
)
def test_what_kubelet_leaves_out_is_left_out(key: str, image: str) -> None:
    assert credentials_in(config({key: {"auth": encoded("user:pass")}}), image) is None


def test_of_several_keys_the_longest_counts() -> None:
    auths = {
        "ghcr.io": {"auth": encoded("any:body")},
        "https://ghcr.io/team/app": {"auth": encoded("app:pass")},
        "ghcr.io/team": {"auth": encoded("team:pass")},
    }

    assert credentials_in(config(auths), "ghcr.io/team/app:1") == "app:pass"
    assert credentials_in(config(auths), "ghcr.io/team/other:1") == "team:pass"
    assert credentials_in(config(auths), "ghcr.io/else:1") == "any:body"


@pytest.mark.parametrize(
    "auth",
    [
        base64.encodebytes(b"AWS:" + b"x" * 2000).decode(),
        base64.b64encode(b"AWS:" + b"x" * 2000).decode().rstrip("="),
        base64.b64encode(b"AWS:" + b"x" * 2000 + b"\n").decode() + "\n",
    ],
    ids=["wrapped at 76 columns", "without padding", "with ends of lines"],
)
def test_base64_is_read_in_every_form_that_programs_write(auth: str) -> None:
    assert credentials_in(config({_ECR: {"auth": auth}}), f"{_ECR}/app") == "AWS:" + "x" * 2000


def test_auth_wins_over_user_and_password() -> None:
    entry = {"auth": encoded("user:right"), "username": "user", "password": "wrong"}

    assert credentials_in(config({"ghcr.io": entry}), IMAGE) == "user:right"


def test_the_older_form_of_a_pull_secret_is_read() -> None:
    content = json.dumps({"https://ghcr.io/": {"auth": encoded("user:pass")}})

    assert pull_secrets.credentials({".dockercfg": content}, IMAGE) == "user:pass"


def test_user_and_password_may_stand_alone() -> None:
    docker_config = config({"ghcr.io": {"username": "user", "password": "p:a:s:s"}})

    assert credentials_in(docker_config, IMAGE) == "user:p:a:s:s"


def test_of_several_names_the_first_that_holds_credentials_counts() -> None:
    docker_config = config({"https://index.docker.io/v1/": {}, "docker.io": {"auth": encoded("user:pass")}})

    assert credentials_in(docker_config, "ubuntu") == "user:pass"


def test_credentials_of_another_registry_are_not_sent() -> None:
    docker_config = config({"ghcr.io": {"auth": encoded("user:pass")}})

    for image in ("ubuntu", "ghcr.io.evil.example/app", "evil.example/ghcr.io/app", "ghcr.io"):
        assert credentials_in(docker_config, image) is None


@pytest.mark.parametrize(
    "docker_config",
    [
        "",
        "not json",
        "[]",
        "null",
        '"text"',
        "{}",
        config(None),
        config([]),
        config({"ghcr.io": "user:pass"}),
        config({"ghcr.io": {}}),
        config({"ghcr.io": {"auth": 7}}),
        config({"ghcr.io": {"auth": "***"}}),
        config({"ghcr.io": {"auth": encoded("no colon")}}),
        config({"ghcr.io": {"auth": base64.b64encode(b"\xff\xfe:").decode()}}),
        config({"ghcr.io": {"username": "user"}}),
        config({"ghcr.io": {"username": "user", "password": ""}}),
        config({"ghcr.io": {"identitytoken": "token"}}),
        config({"ghcr.io": {"auth": encoded("00000000:"), "identitytoken": "token"}}),
    ],
)
def test_what_holds_no_credentials_gives_none(docker_config: str) -> None:
    assert credentials_in(docker_config, IMAGE) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["auths", "ghcr.io", "auth", "username", "password"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON | st.builds(lambda inner: {"auths": {"ghcr.io": inner}}, JSON))
def test_no_secret_of_whatever_form_breaks_a_pass(content: Any) -> None:
    found = credentials_in(json.dumps(content), IMAGE)

    assert found is None or ":" in found


# --- Bounds -----------------------------------------------------------------------------------------------------------


class _Maps:
    """A cluster with one ConfigMap; counts how often it is read."""

    def __init__(self, **entries: str) -> None:
        self.entries, self.reads = entries, 0

    async def read_config_map(self, _namespace: str, _name: str) -> Content:
        self.reads += 1
        return Content(self.entries)


def _env(*keys: str) -> GPUInstance:
    refs = [
        {"name": f"V{n}", "valueFrom": {"configMapKeyRef": {"name": "c", "key": key}}} for n, key in enumerate(keys)
    ]
    return a.an_object(spec={"env": refs})


async def test_a_value_as_long_as_novita_takes_is_sent_and_read_once() -> None:
    maps = _Maps(longest="x" * 4095)

    inputs = await references.resolve(cast("KubeClient", maps), _env(*["longest"] * 60), IMAGE)

    assert (len(inputs.env), maps.reads) == (60, 1)


async def test_what_names_the_object_is_not_cut_out_of_the_log_and_what_else_it_is_given_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A job tells its program the job's own name."""
    register = secrecy.Secrets()
    monkeypatch.setattr(secrecy, "SECRETS", register)
    job = {
        "kind": "GPUJob",
        "name": "train-model",
        "uid": "u",
        "apiVersion": "gpu.novita.ai/v1alpha1",
        "controller": True,
    }
    env = [{"name": "GPU_JOB_NAME", "value": "train-model"}, {"name": "TOKEN", "value": "secret-of-train-model"}]
    body = a.a_body(spec={"env": env})
    body["metadata"]["ownerReferences"] = [job | {"controller": True}]
    line = "team/train-model-1: failed: secret-of-train-model"

    inputs = await references.resolve(cast("KubeClient", _Maps()), GPUInstance.parse(body), IMAGE)

    assert [value.get_secret_value() for _, value in inputs.env] == ["train-model", "secret-of-train-model"]
    assert register.redact(line) == "team/train-model-1: failed: [redacted]"


async def test_a_value_that_is_too_long_is_refused_before_anything_is_made_of_it() -> None:
    maps = _Maps(large="x" * 1_000_000)

    with pytest.raises(Unresolved, match=r'spec.env "V0": its value has 1000000 characters'):
        await references.resolve(cast("KubeClient", maps), _env(*["large"] * 100), IMAGE)


async def test_values_that_are_too_long_together_are_refused() -> None:
    maps = _Maps(longest="x" * 4095)

    with pytest.raises(Unresolved, match=r'spec.env "V64": .* 266175 characters together'):
        await references.resolve(cast("KubeClient", maps), _env(*["longest"] * 100), IMAGE)


@pytest.mark.parametrize(("source", "kind"), [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")])
async def test_what_does_not_exist_is_told_otherwise_than_what_lacks_an_entry(source: str, kind: str) -> None:
    class _Nothing:
        async def read_secret(self, _namespace: str, name: str) -> Content:
            raise errors.NotFound(name)

        read_config_map = read_secret

    env = [{"name": "KEY", "valueFrom": {source: {"name": "nope", "key": "x"}}}]

    with pytest.raises(Unresolved, match=rf'the {kind} "nope" in namespace "team" does not exist\. Create it'):
        await references.resolve(cast("KubeClient", _Nothing()), a.an_object(spec={"env": env}), IMAGE)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"text\0and more"])
async def test_a_binary_entry_is_told_as_one(content: bytes) -> None:
    class _Secrets:
        async def read_secret(self, _namespace: str, _name: str) -> Content:
            return bodies.content_of_secret({"type": "Opaque", "data": {"key": base64.b64encode(content).decode()}})

    env = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "key", "optional": True}}}]

    with pytest.raises(Unresolved, match=r'spec.env "KEY": the entry "key" of the Secret "s" .* is binary'):
        await references.resolve(cast("KubeClient", _Secrets()), a.an_object(spec={"env": env}), IMAGE)


def test_an_entry_that_is_null_is_an_empty_text() -> None:
    assert bodies.content_of_secret({"data": {"key": None}}).entries == {"key": ""}


async def test_an_entry_of_a_config_map_with_a_nul_is_told_as_binary() -> None:
    maps = _Maps(key="text\0and more")

    with pytest.raises(Unresolved, match=r'the entry "key" of the ConfigMap "c" .* is binary'):
        await references.resolve(cast("KubeClient", maps), _env("key"), IMAGE)


async def test_a_pull_secret_of_another_type_is_told_with_its_type() -> None:
    class _Secrets:
        async def read_secret(self, _namespace: str, _name: str) -> Content:
            return Content({"user": "u", "password": "p"}, type="kubernetes.io/basic-auth")

    spec = {"imagePullSecretRef": {"name": "s"}}

    with pytest.raises(Unresolved, match=r'It is of type "kubernetes\.io/basic-auth"'):
        await references.resolve(cast("KubeClient", _Secrets()), a.an_object(spec=spec), IMAGE)


@pytest.mark.parametrize("entry", [{}, {"auth": encoded("user:"), "identitytoken": "token"}, {"auth": "***"}])
async def test_an_entry_without_user_and_password_is_told_as_one(entry: dict[str, str]) -> None:
    class _Secrets:
        async def read_secret(self, _namespace: str, _name: str) -> Content:
            return Content({".dockerconfigjson": config({"https://ghcr.io/": entry, "quay.io": {"auth": "dTpw"}})})

    spec = {"imagePullSecretRef": {"name": "s"}}

    with pytest.raises(Unresolved, match=r'has an entry "ghcr\.io" for image .* without user and password'):
        await references.resolve(cast("KubeClient", _Secrets()), a.an_object(spec=spec), IMAGE)


async def test_a_password_in_a_key_is_told_nobody() -> None:
    class _Secrets:
        async def read_secret(self, _namespace: str, _name: str) -> Content:
            return Content({".dockerconfigjson": config({"https://user:canary@quay.io": {"auth": "dTpw"}})})

    spec = {"imagePullSecretRef": {"name": "s"}}

    with pytest.raises(Unresolved, match=r"only for: quay\.io\.$"):
        await references.resolve(cast("KubeClient", _Secrets()), a.an_object(spec=spec), IMAGE)


# --- Keys that sign webhooks ------------------------------------------------------------------------------------------


def _told(*refs: dict[str, str] | None) -> GPUInstance:
    """An object with one receiver for each reference."""
    notifications = [
        {"url": f"https://receiver-{number}.example/"} | ({"secretRef": ref} if ref else {})
        for number, ref in enumerate(refs)
    ]
    return a.an_object(spec={"notifications": notifications})


class _Keys:
    """A namespace with one Secret, `hook`."""

    def __init__(self, **data: bytes) -> None:
        self.data = {name: base64.b64encode(value).decode() for name, value in data.items()}

    async def read_secret(self, _namespace: str, name: str) -> Content:
        if name != "hook":
            raise errors.NotFound("there is none")
        return bodies.content_of_secret({"type": "Opaque", "data": self.data})


@pytest.mark.parametrize(
    ("ref", "data", "says"),
    [
        ({"name": "absent"}, {}, 'the Secret "absent" in namespace "team" does not exist'),
        ({"name": "hook"}, {"other": b"k"}, 'the Secret "hook" in namespace "team" has no entry "secret"'),
        ({"name": "hook", "key": "mine"}, {"secret": b"k"}, '.* has no entry "mine"'),
        ({"name": "hook"}, {"secret": b""}, 'the entry "secret" of the Secret "hook" in namespace "team" is empty'),
        ({"name": "hook"}, {"secret": b"\xff\xfe"}, 'the entry "secret" of the Secret "hook" .* is binary'),
    ],
    ids=["no Secret", "no entry", "no entry of that name", "an empty entry", "a binary entry"],
)
async def test_a_key_that_cannot_sign_is_told_with_its_field(
    ref: dict[str, str], data: dict[str, bytes], says: str
) -> None:
    resource = _told({"name": "hook", "key": "fine"}, None, ref)

    with pytest.raises(Unresolved, match=rf"spec\.notifications\[2\]\.secretRef: {says}") as raised:
        await references.resolve(cast("KubeClient", _Keys(fine=b"canary-key", **data)), resource, IMAGE)

    assert "canary" not in str(raised.value)


async def test_keys_that_can_sign_are_nothing_that_novita_is_sent() -> None:
    kube = cast("KubeClient", _Keys(secret=b"canary-key"))

    inputs = await references.resolve(kube, _told({"name": "hook"}, None), IMAGE)

    assert inputs == Inputs(env=(), image_auth=None)
