"""A short name for what somebody asks for. Pure."""

from __future__ import annotations

import base64
import hashlib
import json

from pydantic import BaseModel

_CHARS = 10  # 50 bits of base32: an object has seen a handful of specs in its life


def of(asked: BaseModel) -> str:
    """The same for all that mean the same. Defaults do not count, whether they are written out or left out.

    So a new version of the CRDs or of the operator, with more or fewer of them, changes no name.
    """
    said = asked.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    hashed = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()
    return base64.b32encode(hashed).decode().lower()[:_CHARS]
