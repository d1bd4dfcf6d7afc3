"""The templates that an account starts with: more than a page, with names that a fuzzy filter confuses."""

from __future__ import annotations

from novita_operator.simulator.offer.templates import PortGroup, Template, Templates, TemplateTool

_JUPYTER = TemplateTool(name="Jupyter", describe="Start Jupyter Notebook", port="8888", type="http")
_COMMUNITY = 24  # with the others more than one page, whatever page size is usual


_OFFICIAL = (
    Template(
        id="101",
        name="pytorch-jupyter",
        channel="official",
        image="docker.io/novitalabs/pytorch:v2.4-py3.11-cuda12.4",
        readme="PyTorch with JupyterLab.",
        start_command="/start.sh",
        ports=[PortGroup(type="http", ports=[8080]), PortGroup(type="tcp", ports=[6006])],
        envs=[{"key": "JUPYTER_ENABLE", "value": "1"}, {"key": "HF_HOME", "value": "/workspace/hf"}],
        tools=[_JUPYTER],
        min_cuda_version="12.4",
    ),
    Template(
        id="102",
        name="tensorflow-jupyter",
        channel="official",
        image="docker.io/novitalabs/tensorflow:2.16-cuda12.1",
        ports=[PortGroup(type="http", ports=[8080])],
        tools=[_JUPYTER],
    ),
    Template(id="103", name="pytorch-training", channel="official", image="docker.io/novitalabs/pytorch:v2.4"),
    Template(
        id="104",
        name="ubuntu-22.04",
        channel="official",
        image="docker.io/library/ubuntu:22.04",
        start_command="sleep infinity",
    ),
    Template(
        id="105",
        name="vllm-openai",
        channel="official",
        image="docker.io/vllm/vllm-openai:v0.6.3",
        entrypoint="python3 -m vllm.entrypoints.openai.api_server",
        rootfs_size=100,
        ports=[PortGroup(type="http", ports=[8000])],
    ),
)


def _community() -> tuple[Template, ...]:
    return tuple(
        Template(
            id=str(201 + number),
            name=f"pytorch-jupyter-{number}" if number % 3 == 0 else f"community-{number}",
            channel="community",
            image=f"docker.io/community/image:{number}",
            user=f"user-{number}",
        )
        for number in range(_COMMUNITY)
    )


_PRIVATE = (
    Template(
        id="901",
        name="my-training",
        image="registry.example.com/team/training:1",
        image_auth="auth-1",
        rootfs_size=80,
        ports=[PortGroup(type="tcp", ports=[5000])],
        envs=[{"key": "WANDB_MODE", "value": "offline"}],
    ),
    Template(id="902", name="my-inference", image="registry.example.com/team/inference:1"),
    Template(id="903", name="My-Training-Old", image="registry.example.com/team/training:0"),
    Template(id="999", name="not-yours", image="registry.example.com/other/secret:1", foreign=True),
)


def new() -> Templates:
    """A fresh set; an official name comes late, so that it is not found on the first page."""
    return Templates((*_community(), *_OFFICIAL, *_PRIVATE))
