"""Keys, unknown routes, and every form of error body (novita-api 1.2, 1.4)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.simulator.tenant import V1, Tenant


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic sk_a", "sk_tester", "Bearer pk_other"])
async def test_without_a_good_bearer_key_everything_is_unauthorized(tenant: Tenant, header: str | None) -> None:
    tenant.api.headers.pop("Authorization")
    headers = {} if header is None else {"Authorization": header}

    reply = await tenant.api.get(f"{V1}/gpu/instances", headers=headers)

    assert (reply.status_code, reply.json()["reason"], reply.json()["code"]) == (401, "UNAUTHORIZED", 401)


async def test_x_api_key_is_no_key(tenant: Tenant) -> None:
    tenant.api.headers.pop("Authorization")

    assert (await tenant.api.get(f"{V1}/products", headers={"X-API-KEY": "sk_tester"})).status_code == 401


@pytest.mark.parametrize("path", ["/nope", f"{V1}/gpu/instance/list", "/gpus/v2/instances", f"{V1}/gpu/instances/"])
async def test_an_unknown_route_is_the_404_of_the_router_and_no_json(tenant: Tenant, path: str) -> None:
    reply = await tenant.api.get(path)

    assert (reply.status_code, reply.text.strip()) == (404, "404 page not found")


async def test_a_wrong_method_is_an_unknown_route(tenant: Tenant) -> None:
    assert (await tenant.get("/gpu/instance/create")).status_code == 404


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'"text"'])
async def test_a_body_that_is_no_object_is_refused(tenant: Tenant, content: bytes) -> None:
    reply = await tenant.api.post(f"{V1}/gpu/instance/create", content=content)

    assert (reply.status_code, reply.json()["reason"]) == (400, "REQUEST")


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("kratos", {"code": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "TEXT", "metadata": {}}),
        ("message", {"message": "TEXT"}),
        (
            "reason-in-message",
            {"code": 400, "message": "error: code = 400 reason = INSUFFICIENT_RESOURCE message = TEXT"},
        ),
        ("error-object", {"error": {"message": "TEXT", "code": "INSUFFICIENT_RESOURCE"}}),
        ("error-string", {"error": "INSUFFICIENT_RESOURCE: TEXT"}),
        ("code-string", {"code": "INSUFFICIENT_RESOURCE", "message": "TEXT"}),
        ("title", {"title": "INSUFFICIENT_RESOURCE: TEXT"}),
    ],
)
async def test_a_refusal_comes_in_every_form_that_was_met(tenant: Tenant, form: str, body: dict[str, Any]) -> None:
    await tenant.set(errorBody=form)
    await tenant.fault("no-stock", route="create", message="TEXT")

    reply = await tenant.order()

    assert (reply.status_code, reply.json()) == (400, body)


async def test_a_refusal_may_come_as_a_page_of_the_gateway(tenant: Tenant) -> None:
    await tenant.set(errorBody="html-502")

    reply = await tenant.order(gpuNum=0)

    assert (reply.status_code, reply.headers["Content-Type"].split(";")[0]) == (502, "text/html")


async def test_a_refusal_may_come_as_a_success_with_an_error_in_it(tenant: Tenant) -> None:
    await tenant.set(errorBody="ok-with-error")

    reply = await tenant.order(gpuNum=0)

    assert reply.status_code == 200
    assert set(reply.json()) == {"error", "message"}
