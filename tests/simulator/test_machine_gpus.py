"""`nvidia-smi` on a machine: what was rented, in the form that programs read."""

from __future__ import annotations

import csv
import re

from tests.simulator.landlord import Landlord
from tests.simulator.tenant import PRODUCT


async def test_it_tells_what_was_rented_to_programs(home: Landlord) -> None:
    instance_id, guest = await home.running(productId="h100.20c180g", gpuNum=2)
    query = "nvidia-smi --query-gpu=index,name,memory.total,uuid,utilization.gpu --format=csv"

    asked = (await guest.ssh(query)).text
    bare = (await guest.ssh(f"{query},noheader,nounits -i 1")).text
    listed = (await guest.ssh("nvidia-smi -L")).text
    wrong = await guest.ssh("nvidia-smi --query-gpu=colour --format=csv")

    rows = list(csv.reader(asked.splitlines(), skipinitialspace=True))
    assert rows[0] == ["index", "name", "memory.total [MiB]", "uuid", "utilization.gpu [%]"]
    assert [row[:3] + row[4:] for row in rows[1:]] == [
        [str(number), "NVIDIA H100 80GB HBM3", "81559 MiB", "0 %"] for number in (0, 1)
    ]
    assert bare.split(", ") == ["1", "NVIDIA H100 80GB HBM3", "81559", rows[2][3], "0\n"]
    assert listed == "".join(f"GPU {row[0]}: {row[1]} (UUID: {row[3]})\n" for row in rows[1:])
    assert (wrong.code, wrong.text.strip()) == (2, 'Field "colour" is not a valid field to query.')
    assert (await home.tenant.detail(instance_id))["gpuNum"] == "2"


async def test_it_shows_people_the_table_that_they_know(home: Landlord) -> None:
    _, guest = await home.running(productId=PRODUCT)

    shown = (await guest.ssh("nvidia-smi")).text.splitlines()

    assert {len(line) for line in shown[1:]} == {91}
    assert "NVIDIA-SMI" in shown[2]
    assert "CUDA Version" in shown[2]
    (name,) = [line for line in shown if "RTX 4090" in line]
    assert re.match(r"\|   0  NVIDIA GeForce RTX 4090        On  \|   00000000:01:00.0 Off \|", name)
    assert any("/  24564MiB |" in line for line in shown)


async def test_a_machine_without_a_gpu_has_none_to_show(home: Landlord) -> None:
    _, guest = await home.running(kind="cpu")

    assert (await guest.ssh('ls "${PATH%%:*}"')).text == ""
