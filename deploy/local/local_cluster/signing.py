"""Keys by the `openssl` program."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local_cluster.errors import CannotStart


def service_account_keys(private: Path, public: Path) -> None:
    """The pair that signs and checks the tokens of service accounts. Raises CannotStart."""
    openssl("genrsa", "-out", str(private), "2048")
    openssl("rsa", "-in", str(private), "-pubout", "-out", str(public))


def openssl(*arguments: str) -> None:
    """Run it. Raises CannotStart where it is missing or fails."""
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotStart("openssl is missing (Debian: apt-get install openssl); it makes a signing key") from None
    except subprocess.CalledProcessError as error:
        raise CannotStart(f"openssl {arguments[0]} failed: {error.stderr.strip()}") from error
