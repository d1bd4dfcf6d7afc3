"""One account's instances on this node: what their words mean for machines."""

from __future__ import annotations

from dataclasses import dataclass, field

from novita_operator.simulator.account import Account
from novita_operator.simulator.machines.machine import Boot, Machine
from novita_operator.simulator.machines.mishaps import Mishaps
from novita_operator.simulator.machines.node import Node
from novita_operator.simulator.settings import ImageOutcome
from novita_operator.simulator.state import words
from novita_operator.simulator.state.instance import Connection, Instance
from novita_operator.simulator.state.order import Port


@dataclass
class Hosting:
    """A machine is up while the word is `running`, stays until its instance goes, and moves with each placement."""

    node: Node
    account: Account
    _machines: dict[str, Machine] = field(default_factory=dict)
    _placed: dict[str, Connection] = field(default_factory=dict)

    def entered(self, instance: Instance) -> None:
        if instance.word == "running":
            self._boot(instance)
        elif instance.word in words.LEAVING:
            self.left(instance)
        elif (machine := self._machines.get(instance.id)) is not None:
            machine.halt()

    def left(self, instance: Instance) -> None:
        machine = self._machines.pop(instance.id, None)
        self._placed.pop(instance.id, None)
        if machine is not None:
            self.node.discard(machine)

    def wiped(self, instance: Instance) -> None:
        if (machine := self._machines.get(instance.id)) is not None:
            machine.wipe()

    def mapped(self, instance: Instance) -> None:
        machine = self._machines.get(instance.id)
        if machine is not None and instance.word == "running":
            machine.map(_ports(instance))
            instance.endpoints = machine.endpoints(self.node.shown_host)

    def refresh(self) -> None:
        for machine in self._machines.values():
            machine.refresh()

    def _boot(self, instance: Instance) -> None:
        connection = instance.connection
        assert connection is not None  # noqa: S101 - a running instance has one
        machine = self._machines.get(instance.id) or self._new(instance)
        moved = self._placed.get(instance.id) is not connection
        self._placed[instance.id] = connection
        product = self.account.product_name(instance.order.product_id)
        outcome = self.account.settings.image_outcome(instance.order.image_url)
        boot = Boot(
            instance.order,
            product,
            connection.ssh_password,
            _ports(instance),
            has_shell=outcome is not ImageOutcome.NO_SHELL,
            shows_environment=outcome is not ImageOutcome.HIDES_ENVIRONMENT,
        )
        machine.boot(boot, moved=moved)
        instance.endpoints = machine.endpoints(self.node.shown_host)

    def _new(self, instance: Instance) -> Machine:
        def ended() -> None:
            self.account.advance()
            self.account.lifecycle.end(instance, self.account.clock.now())

        mishaps = Mishaps(self.account, instance.id)
        machine = Machine(instance.id, self.node.disk(instance.id), self.node.host, mishaps, ended)
        self._machines[instance.id] = machine
        self.node.machines.add(machine)
        return machine


def _ports(instance: Instance) -> tuple[Port, ...]:
    """Those that are declared, and those of tools."""
    declared = {port.port: port for port in instance.ports}
    tools = (Port(port=tool.number, type="http") for tool in instance.order.tools)
    return tuple({**{port.port: port for port in tools}, **declared}.values())
