"""What is looked for: the spec, and the operator's defaults where it is silent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.support import builders as a
from tests.unit.support.parts import DEFAULTS

from novita_operator.controllers.gpu_instance.policies import defaults
from novita_operator.controllers.gpu_instance.policies.defaults import TemplateWanted


def wanted(spec: dict[str, Any], status: dict[str, Any] | None = None) -> defaults.Desired:
    return defaults.desired(a.an_object(spec=spec, status=status), DEFAULTS)


def test_an_empty_spec_asks_for_what_the_settings_say() -> None:
    asked = wanted({})

    assert (asked.product_name, asked.product_id, asked.gpu_count) == ("RTX 4090 24GB", None, 1)
    assert (asked.billing, asked.regions, asked.only_listed_regions) == ("OnDemand", ("CN-HK-01",), False)
    assert (asked.max_price_per_hour, asked.rootfs_gb) == (None, 60)
    assert asked.template == TemplateWanted(name="pytorch-jupyter", id="pytorch-jupyter")


def test_an_id_leaves_no_default_name_beside_it() -> None:
    asked = wanted({"productId": "h100"})

    assert (asked.product_id, asked.product_name) == ("h100", None)


def test_what_the_spec_says_replaces_the_defaults() -> None:
    asked = wanted(
        {
            "productName": "H100",
            "gpuCount": 8,
            "billing": "Spot",
            "regions": ["US-CA-06", "EU-DE-01"],
            "regionPolicy": "Require",
            "maxPricePerHour": "1.20",
            "rootfsSizeGB": 200,
            "template": {"id": "t-9"},
        }
    )

    assert (asked.product_name, asked.gpu_count, asked.billing) == ("H100", 8, "Spot")
    assert (asked.regions, asked.only_listed_regions) == (("US-CA-06", "EU-DE-01"), True)
    assert (asked.max_price_per_hour, asked.rootfs_gb) == (Decimal("1.20"), 200)
    assert asked.template == TemplateWanted(id="t-9")


def test_an_image_of_ones_own_brings_no_template_along() -> None:
    """The default template's command and ports belong to its own image."""
    assert wanted({"image": "ubuntu"}).template is None
    assert wanted({"image": "ubuntu", "template": {"name": "mine"}}).template == TemplateWanted(name="mine")


def test_spot_that_has_fallen_back_is_rented_on_demand() -> None:
    assert wanted({"billing": "Spot"}, {"fallbackOnDemand": True}).billing == "OnDemand"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (TemplateWanted(name="n"), 'name "n"'),
        (TemplateWanted(id="i"), 'id "i"'),
        (TemplateWanted(name="x", id="x"), '"x"'),
    ],
)
def test_a_template_is_named_as_it_was_asked_for(template: TemplateWanted, words: str) -> None:
    assert str(template) == words


@pytest.mark.parametrize(("spec", "seconds"), [({}, 600), ({"startup": {"timeoutSeconds": 60}}, 60)])
def test_the_startup_time_is_the_specs_or_the_settings(spec: dict[str, Any], seconds: int) -> None:
    assert defaults.startup_seconds(a.an_object(spec=spec).spec, DEFAULTS) == seconds
