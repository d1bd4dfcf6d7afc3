"""Novita, or whoever answers in its name, names an endpoint that is a cloud's host: no Service leads there."""

from __future__ import annotations

import pytest
from tests.attacks.conftest import Settle
from tests.support.kube import Body, Kind

SLICES = Kind("/apis/discovery.k8s.io/v1", "endpointslices")
# The operator of these tests may use private endpoints: even so, these stay closed.
HOSTS = {
    "azure": "168.63.129.16",
    "azure-as-ipv6": "[::ffff:168.63.129.16]",
    "metadata": "169.254.169.254",
    "alibaba": "100.100.100.200",
    "oracle": "192.0.0.192",
    "aws-ipv6": "[fd00:ec2::254]",
    "aws-by-6to4": "[2002:a9fe:a9fe::1]",
}


@pytest.mark.parametrize("host", HOSTS)
async def test_no_service_leads_to_the_host_of_a_cloud(host: str, settle: Settle) -> None:
    here = await settle("victim")
    await here.novita.set(endpointHost=HOSTS[host])

    await here.create(service={}, ports=[{"port": 8000, "protocol": "TCP"}])
    told = await here.until(_says_why, "status.service says why it leads nowhere")

    slices = await here.plane.kube.list(SLICES, here.namespace)
    assert [each for slice_ in slices for each in slice_.get("endpoints") or ()] == []
    assert "where a cloud gives out credentials" in told["status"]["service"]["message"]
    assert not told["status"]["service"].get("addresses")


def _says_why(body: Body) -> bool:
    return bool(((body.get("status") or {}).get("service") or {}).get("message"))
