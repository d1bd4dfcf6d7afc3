"""Public keys as people paste them: each form that OpenSSH makes, and a sentence for everything else."""

from __future__ import annotations

import base64
import subprocess
from functools import cache
from pathlib import Path

import asyncssh
import pytest
from tests.support import needs

from novita_operator.machines import public_keys
from novita_operator.machines.public_keys import NoPublicKey, PublicKey

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJm"
_KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_ON_A_DEVICE = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")


def _blob(*parts: bytes) -> str:
    return base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


def _line(kind: str, *parts: bytes) -> str:
    return f"{kind} {_blob(kind.encode(), *parts)}"


@cache
def _private(kind: str, size: int = 0) -> asyncssh.SSHKey:
    more = {"key_size": size} if size else {}
    return asyncssh.generate_private_key(kind, **more)


def _public(kind: str) -> str:
    if kind == "sk-ssh-ed25519@openssh.com":
        return _line(kind, base64.b64decode(ED25519.split()[1])[-32:], b"ssh:")
    if kind == "sk-ecdsa-sha2-nistp256@openssh.com":
        curve = base64.b64decode(_public("ecdsa-sha2-nistp256").split()[1])
        return _line(kind, b"nistp256", curve[-65:], b"ssh:")
    return _private(kind).export_public_key().decode().strip()


@pytest.mark.parametrize("kind", [*_KINDS, *_ON_A_DEVICE])
def test_each_form_is_taken_as_openssh_takes_it(kind: str, tmp_path: Path) -> None:
    needs.program("ssh-keygen", package="openssh-client")
    file = tmp_path / "key.pub"

    line = public_keys.parse(f"  {_public(kind)}   jane doe@example.com \n").line

    file.write_text(line)
    assert line == f"{_public(kind)} jane doe@example.com"
    subprocess.run(["ssh-keygen", "-l", "-f", file], check=True, capture_output=True)


def _of_rsa(bits: int) -> str:
    return _line("ssh-rsa", b"\x01\x00\x01", (1 << (bits - 1) | 1).to_bytes(bits // 8 + 1, "big"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no key"),
        ("# only a comment", "holds no key"),
        (f"{ED25519}\n{OTHER}", "several lines"),
        ("ssh-ed25519", "names a type and no key"),
        ("ssh-ed25519 not/base64!", "damaged"),
        (ED25519[:-8], "damaged"),
        (f"{ED25519}AAAA", "damaged"),
        (_line("ssh-ed25519", b"x" * 31), "no whole key of the type ssh-ed25519"),
        (_line("ssh-ed25519", b"x" * 32, b"more"), "no whole key"),
        (_line("ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"x" * 64), "no whole key"),
        (_line("ecdsa-sha2-nistp256", b"nistp256", b"\x02" + b"x" * 32), "no whole key"),
        (_line("sk-ssh-ed25519@openssh.com", b"x" * 32), "no whole key"),
        (_line("ssh-rsa", b"\x01\x00\x01"), "no whole key"),
        (_of_rsa(768), "768 bits"),
        (_of_rsa(32_768), "characters"),
        (ED25519.replace("ssh-ed25519 ", "ssh-rsa "), "of another one"),
        (_line("ssh-dss", b"p", b"q", b"g", b"y"), "DSA"),
        (_line("ssh-ed25519-cert-v01@openssh.com", b"x" * 32), "certificate"),
        (f'command="date",no-pty {ED25519}', "in front of the key"),
        (f"restrict {ED25519}", "in front of the key"),
        (f'from="10.0.0.0/8" {ED25519}', "in front of the key"),
        (f"cert-authority {ED25519}", "in front of the key"),
        ("jane@example.com", "no type of key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA", "ssh-keygen -i"),
        (f"{ED25519} {'c' * 5000}", "characters"),
    ],
)
def test_what_is_no_key_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(NoPublicKey, match=says) as refused:
        public_keys.parse(text)

    assert len(str(refused.value)) < 400
    assert "AAAA" not in str(refused.value).replace("AAAA…", "")


def _pasted(form: str) -> str:
    key = _private("ssh-ed25519") if form == "openssh" else _private("ssh-rsa")
    return key.export_private_key(form).decode()


@pytest.mark.parametrize("form", ["openssh", "pkcs1-pem", "pkcs8-pem"])
@pytest.mark.parametrize("changed", [lambda text: text, lambda text: " ".join(text.split()), lambda text: f"\n{text}"])
def test_a_private_key_is_refused_and_nothing_of_it_is_repeated(form: str, changed: object) -> None:
    assert callable(changed)
    text = changed(_pasted(form))

    with pytest.raises(NoPublicKey, match="is a private key") as refused:
        public_keys.parse(text)

    secret = [word for word in text.split() if len(word) > 8 and word not in {"PRIVATE", "-----BEGIN"}]
    assert [word for word in secret if word in str(refused.value)] == []
    with pytest.raises(NoPublicKey, match="is a private key"):
        public_keys.numbered(f"{ED25519}\n{text}")


def test_the_inner_part_of_a_private_key_is_known_as_one() -> None:
    inner = "".join(_pasted("openssh").splitlines()[1:-1])

    with pytest.raises(NoPublicKey, match="is a private key"):
        public_keys.parse(inner)


def test_the_lines_of_a_file_are_numbered_and_comments_left_out() -> None:
    text = f"# of the team\n\n{ED25519} jane\n   \n  {OTHER}\n"

    assert list(public_keys.numbered(text)) == [(3, f"{ED25519} jane"), (5, OTHER)]


def test_the_same_key_counts_once_whatever_its_comment() -> None:
    keys = public_keys.together([PublicKey(f"{ED25519} a"), PublicKey(OTHER), PublicKey(f"{ED25519} b")])

    assert keys.lines == (f"{ED25519} a", OTHER)
    assert keys.digest != public_keys.together([PublicKey(OTHER)]).digest


def test_too_many_keys_are_refused() -> None:
    many = [PublicKey(_line("ssh-ed25519", number.to_bytes(32, "big"))) for number in range(101)]

    with pytest.raises(NoPublicKey, match="are 101, and one machine takes 100"):
        public_keys.together(many)


def test_keys_that_are_too_long_together_are_refused() -> None:
    many = [PublicKey(f"ssh-rsa {number:04000}") for number in range(17)]

    with pytest.raises(NoPublicKey, match="have 68153 characters together, and 65536 are taken"):
        public_keys.together(many)
