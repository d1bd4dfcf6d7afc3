"""`nvidia-smi` for a machine: a shell script that tells the rented product in the form of the real program."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from novita_operator.simulator.machines import gpus
from novita_operator.simulator.machines.gpus import Card

_DRIVER, _CUDA = "570.133.20", "12.8"
_EXECUTABLE = 0o755
_SCRIPT = Path(__file__).with_name("nvidia-smi.sh")
_IDLE_WATTS, _TEMPERATURE = 21, 34
_RULE = "+" + "-" * 89 + "+"
_WIDTHS = (41, 24, 22)


def write(path: Path, instance_id: str, product: str, count: int) -> None:
    """For `count` cards of this product."""
    card = gpus.of(product)
    variables = {
        "COUNT": str(count),
        "CARDS": "\n".join(f"GPU {n}: {card.name} (UUID: {gpus.uuid(instance_id, n)})" for n in range(count)),
        "TABLE": _table(card, count),
        "VERSION": f"NVIDIA-SMI version  : {_DRIVER}\nNVML version        : {_DRIVER.rpartition('.')[0]}\n"
        f"DRIVER version      : {_DRIVER}\nCUDA Version        : {_CUDA}",
    }
    lines = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    script = _SCRIPT.read_text().replace("# VARIABLES\n", "\n".join(lines) + "\n")
    path.write_text(script.replace("# FIELDS\n", _fields(instance_id, card, count)))
    path.chmod(_EXECUTABLE)


def _bus(number: int) -> str:
    return f"00000000:{number + 1:02X}:00.0"


def _fields(instance_id: str, card: Card, count: int) -> str:
    """One branch of `case` for each field that can be asked for: its heading, its unit, its value for each card."""
    free = card.memory - 1
    per_card: Mapping[str, Callable[[int], str]] = {
        "index": str,
        "uuid|gpu_uuid": lambda n: gpus.uuid(instance_id, n),
        "pci.bus_id|gpu_bus_id": _bus,
        "serial|gpu_serial": lambda _: "[N/A]",
    }
    same = {
        "name|gpu_name": card.name,
        "count": str(count),
        "driver_version": _DRIVER,
        "pstate": "P8",
        "compute_cap": card.compute,
        "compute_mode": "Default",
        "persistence_mode": "Enabled",
        "display_active": "Disabled",
        "temperature.gpu": str(_TEMPERATURE),
        "fan.speed [%]": "0",
        "utilization.gpu [%]": "0",
        "utilization.memory [%]": "0",
        "memory.total [MiB]": str(card.memory),
        "memory.used [MiB]": "1",
        "memory.free [MiB]": str(free),
        "power.draw [W]": f"{_IDLE_WATTS}.00",
        "power.limit [W]": f"{card.power}.00",
    }
    constant = {name: (lambda _n, value=value: value) for name, value in same.items()}
    return "".join(_branch(name, [of(n) for n in range(count)]) for name, of in {**per_card, **constant}.items())


def _branch(title: str, values: Sequence[str]) -> str:
    names, _, unit = title.partition(" ")
    heading = f"{names.split('|')[0]} {unit}".strip()
    given = " ".join(f"v{number}={shlex.quote(value)}" for number, value in enumerate(values))
    return f"    {names}) heading={shlex.quote(heading)} unit={shlex.quote(unit.strip('[]'))} {given} ;;\n"


def _table(card: Card, count: int) -> str:
    """As driver 570 prints it; the script puts the date above it."""
    head = f"| NVIDIA-SMI {_DRIVER:<22} Driver Version: {_DRIVER:<14} CUDA Version: {_CUDA:<8} |"
    lines = [
        _RULE,
        head,
        _line("-", "|", "+"),
        "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |",
        "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |",
        "|                                         |                        |               MIG M. |",
        _line("=", "|", "|"),
    ]
    for number in range(count):
        lines += [
            f"| {number:3d}  {card.name[:30]:<31}On  |   {_bus(number)} Off |                  Off |",
            (
                f"|  0%  {_TEMPERATURE:3d}C    P8           {_IDLE_WATTS:4d}W / {card.power:4d}W |"
                f" {1:7d}MiB / {card.memory:6d}MiB | {0:6d}%      Default |"
            ),
            "|                                         |                        |                  N/A |",
            _line("-", "+", "+"),
        ]
    return "\n".join([*lines, " " * 91, *_PROCESSES])


def _line(stroke: str, left: str, right: str) -> str:
    return left + "+".join(stroke * width for width in _WIDTHS) + right


_PROCESSES = (
    _RULE,
    f"| {'Processes:':<88}|",
    f"| {' GPU   GI   CI              PID   Type   Process name                        GPU Memory ':<88}|",
    f"| {'       ID   ID                                                               Usage      ':<88}|",
    "|" + "=" * 89 + "|",
    f"| {' No running processes found':<88}|",
    _RULE,
)
