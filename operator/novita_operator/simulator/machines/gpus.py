"""The cards behind the products: what NVIDIA's own program calls them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_MIB_PER_GB = 1024
_SIZE = re.compile(r" (\d+) ?GB")


@dataclass(frozen=True)
class Card:
    """`memory` in MiB, `power` in W."""

    name: str
    memory: int
    power: int
    compute: str


_CARDS = {
    "RTX 3080 12GB": Card("NVIDIA GeForce RTX 3080", 12288, 350, "8.6"),
    "RTX 3090 24GB": Card("NVIDIA GeForce RTX 3090", 24576, 350, "8.6"),
    "RTX 4090 24GB": Card("NVIDIA GeForce RTX 4090", 24564, 450, "8.9"),
    "RTX 4090 48GB": Card("NVIDIA GeForce RTX 4090", 49140, 450, "8.9"),
    "RTX 5090 32GB": Card("NVIDIA GeForce RTX 5090", 32607, 575, "12.0"),
    "A100 PCIe 80GB": Card("NVIDIA A100 80GB PCIe", 81920, 300, "8.0"),
    "A100 SXM 80GB": Card("NVIDIA A100-SXM4-80GB", 81920, 400, "8.0"),
    "H100 SXM 80GB": Card("NVIDIA H100 80GB HBM3", 81559, 700, "9.0"),
}


def of(product: str) -> Card:
    """By the product's name; one that is not in the table says so much of itself."""
    size = _SIZE.search(product)
    memory = int(size[1]) * _MIB_PER_GB if size else 24 * _MIB_PER_GB
    return _CARDS.get(product) or Card(f"NVIDIA {_SIZE.sub('', product)}".strip(), memory, 300, "8.0")


def uuid(instance_id: str, number: int) -> str:
    """The same for the same instance."""
    digest = hashlib.sha256(f"{instance_id} {number}".encode()).hexdigest()
    return f"GPU-{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
