"""Questions to the cluster's API server as its administrator, through the port of the machine."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local_cluster import asking
from local_cluster.errors import CannotStart
from local_cluster.nodes import accounts, layout

_SECONDS = 10.0  # for one answer


@dataclass(frozen=True)
class Api:
    """Of one node cluster."""

    files: layout.Files
    port: int

    def ready(self) -> bool:
        return self._ask("/readyz") is not None

    def node_is_ready(self, since: datetime) -> bool:
        """Whether the kubelet has said so since then."""
        answer = self._ask(f"/api/v1/nodes/{layout.NODE}")
        conditions = json.loads(answer)["status"].get("conditions", []) if answer else []
        ready = next((each for each in conditions if each["type"] == "Ready"), None)
        if ready is None or ready["status"] != "True":
            return False
        return datetime.fromisoformat(ready["lastHeartbeatTime"]) >= since.replace(microsecond=0)

    def create(self, path: str, body: dict[str, Any]) -> None:
        """Raises CannotStart where it is refused."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self._headers()}
        request = urllib.request.Request(self._url(path), data, headers)  # noqa: S310 - https, to ourselves
        context = ssl.create_default_context(cafile=str(self._authority))
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS, context=context):  # noqa: S310
                return
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.CONFLICT:  # it is there already
                raise CannotStart(f"the API server refused {path}: {error.read().decode()}") from error

    @property
    def _authority(self) -> Path:
        return self.files.pki / "ca.crt"

    def _ask(self, path: str) -> bytes | None:
        return asking.ask(self._url(path), headers=self._headers(), certificate=self._authority)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {accounts.admin_token(self.files)}"}

    def _url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"
