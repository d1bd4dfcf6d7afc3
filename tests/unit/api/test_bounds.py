"""What others write into a status, or say at Novita, never stops a pass."""

from __future__ import annotations

import pytest

from novita_operator.api.gpu_instance.resource import GPUInstance
from novita_operator.api.gpu_instance.status import Connection, GPUInstanceStatus, PortEndpoint, ProductStatus


def _resource(status: dict[str, object]) -> GPUInstance:
    metadata = {"name": "demo", "uid": "u", "creationTimestamp": "2026-11-24T12:00:00Z"}
    return GPUInstance.parse({"metadata": metadata, "spec": {}, "status": status})


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "2026-11-24T12:00:00"])
def test_a_time_that_nothing_can_be_counted_from_is_left_out_and_told(moment: str) -> None:
    resource = _resource({"instanceId": "i-1", "startedAt": moment, "attempts": 2})

    assert resource.status == GPUInstanceStatus(instance_id="i-1", attempts=2)
    assert "status.startedAt" in resource.lost


@pytest.mark.parametrize("price", ["cheap", "NaN", "1e999"])
def test_a_price_that_is_no_amount_is_left_out_and_told(price: str) -> None:
    resource = _resource({"instanceId": "i-1", "pricePerHour": price})

    assert resource.status == GPUInstanceStatus(instance_id="i-1")
    assert "status.pricePerHour" in resource.lost


def test_words_that_are_too_long_are_cut_to_what_the_schema_takes() -> None:
    status = GPUInstanceStatus(
        product=ProductStatus.fitting(id="p" * 999, name="RTX 4090"),
        connection=Connection.fitting(
            ports=tuple(PortEndpoint.fitting(port=1, protocol="HTTP", endpoint="e" * 999) for _ in range(99))
        ),
    ).model_copy(update={"region": "r" * 4096, "image": "i" * 4096})

    fitted = status.fitted()

    assert GPUInstanceStatus.model_validate(fitted.to_wire()) == fitted
    assert (len(fitted.region or ""), len(fitted.image or "")) == (63, 500)
    assert fitted.product == ProductStatus(id="p" * 255, name="RTX 4090")


def test_what_fits_is_kept_and_not_copied() -> None:
    ports = (PortEndpoint(port=80, protocol="HTTP", endpoint="https://e"),)
    status = GPUInstanceStatus(instance_id="i-1", region="CN-HK-01", connection=Connection(ports=ports))

    assert status.fitted() is status
    assert status.model_copy(update={"region": "r" * 64}).fitted().connection is status.connection
