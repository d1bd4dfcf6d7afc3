"""The quickstarts, and the pages that end or protect something, typed as they stand; the ledger is the judge."""

from __future__ import annotations

from tests.docs.reader import INSTALLED, NAMESPACE, RENTED, SECRET, Reader, has, of
from tests.support import kube
from tests.support.simulator import Ledger

_GPU_CRD = "gpuinstances.gpu.novita.ai"


def _nothing_lives(ledger: Ledger) -> bool:
    return ledger.live == ()


async def test_the_quickstart_without_cost(reader: Reader) -> None:
    said = await reader.types(of("tutorials/quickstart-free.md"))

    assert said.code == 0, said.err
    assert "ssh -p" in said.out
    assert "PriceAboveLimit" in said.out
    assert not await has(reader.plane, kube.NAMESPACES, NAMESPACE)
    assert await reader.plane.kube.list(kube.GPU_INSTANCES) == []
    assert "There is no GPUInstance: nothing is rented" in reader.hooks[-1]
    ledger = await reader.of_the_chart().ledger()
    assert (ledger.created, ledger.live) == (1, ())


async def test_the_quickstart_with_a_real_instance(reader: Reader) -> None:
    said = await reader.types(of("tutorials/quickstart-paid.md"))

    ledger = await reader.novita.ledger()
    assert said.code == 0, said.err
    assert "ssh -p" in said.out
    assert '"amount"' in said.out
    assert (ledger.created, ledger.live) == (1, ())


async def test_deleting_the_objects_first_ends_everything_and_leaves_nothing(reader: Reader) -> None:
    said = await reader.types(
        of("how-to/uninstall.md", "Uninstall: what happens to my instances", "End everything, then uninstall"),
        more=(*INSTALLED, *RENTED),
    )

    ledger = await reader.novita.ledger()
    assert said.code == 0, said.err
    assert (ledger.created, ledger.live) == (1, ())
    assert not await has(reader.plane, kube.CRDS, _GPU_CRD)
    assert not await has(reader.plane, kube.NAMESPACES, NAMESPACE)


async def test_the_uninstall_that_ends_everything(reader: Reader) -> None:
    said = await reader.types(of("how-to/uninstall.md", "Let the uninstall end everything"), more=(*INSTALLED, *RENTED))

    ledger = await reader.novita.ledger()
    assert said.code == 0, said.err
    assert "All GPUInstances are deleted" in reader.hooks[-1]
    assert (ledger.created, ledger.live) == (1, ())
    assert await has(reader.plane, kube.CRDS, _GPU_CRD)


async def test_the_uninstall_that_keeps_what_runs_says_what_it_costs(reader: Reader) -> None:
    said = await reader.types(of("how-to/uninstall.md", "Keep the instances"), more=(*INSTALLED, *RENTED))

    assert said.code == 0, said.err
    assert "GO ON RUNNING AND COSTING" in reader.hooks[-1]
    assert len((await reader.novita.ledger()).billing) == 1
    assert await reader.plane.kube.find(kube.GPU_INSTANCES, "quickstart", "default") is not None


async def test_the_uninstall_without_helm(reader: Reader) -> None:
    by_kubectl = (
        "kubectl apply --server-side -k deploy/default || kubectl apply --server-side -k deploy/default",
        "read -rs NOVITA_API_KEY",
        SECRET,
    )

    said = await reader.types(of("how-to/uninstall.md", "Without Helm"), more=(*by_kubectl, *RENTED))

    ledger = await reader.novita.ledger()
    assert said.code == 0, said.err
    assert (ledger.created, ledger.live) == (1, ())
    assert not await has(reader.plane, kube.CRDS, _GPU_CRD)


async def test_the_page_of_protections(reader: Reader) -> None:
    said = await reader.types(of("how-to/protect.md"), more=INSTALLED)
    over = (
        "apiVersion: gpu.novita.ai/v1alpha1\nkind: GPUInstance\nmetadata: {name: dear}\nspec: {maxPricePerHour: '9'}\n"
    )

    refused = await reader.plane.kubectl("-n", "team-vision", "create", "-f", "-", stdin=over)

    assert said.code == 0, said.err
    assert "this namespace allows 50 US cents per hour at most" in refused.err
    assert _nothing_lives(await reader.novita.ledger())
