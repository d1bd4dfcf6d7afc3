"""What an answer of the API server means."""

from __future__ import annotations

import json

from novita_operator.kube import errors

GONE = json.dumps({"kind": "Status", "status": "Failure", "message": 'gpujobs "a" not found', "code": 404}).encode()


def test_an_object_that_is_gone_is_told_from_a_kind_that_is_not_served() -> None:
    gone = errors.from_response(404, GONE, None)
    unknown = errors.from_response(404, b"404 page not found\n", None)

    assert type(gone) is errors.NotFound
    assert type(unknown) is errors.NotServed
    assert "CRD" in str(unknown)


def test_a_refusal_that_is_no_status_is_still_a_refusal() -> None:
    assert type(errors.from_response(403, b"no", None)) is errors.Forbidden
