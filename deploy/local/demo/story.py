"""The life of an instance and of a job, told with the commands that a person would type."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape

from demo import board, machine
from demo.environment import REPOSITORY, Environment
from demo.errors import DemoFailed

_NAMESPACE = "default"
_NAME = "quickstart"
_SAMPLE = f"deploy/samples/{_NAME}.yaml"
_JOB, _JOB_SAMPLE = "train", "deploy/samples/job.yaml"
_READY_SECONDS = 90  # the simulator needs six; a loaded machine gets more
_GONE_SECONDS = 60
_PROGRAM = "nvidia-smi"
_LAST_EVENT_SECONDS = 10  # it comes within milliseconds; the story goes on without it
_EVENTS = ("-n", _NAMESPACE, f"--field-selector=involvedObject.kind=GPUInstance,involvedObject.name={_NAME}")


@dataclass(frozen=True)
class Story:
    """Told on this console. Every step raises DemoFailed where it does not come as promised."""

    console: Console
    environment: Environment

    def tell(self) -> None:
        """All of it."""
        self._apply(_SAMPLE)
        self._until_ready("gpui", _NAME)
        self._say("kubectl get gpui", self._run("get", "gpui"))
        self._connection()
        if self.environment.machines:
            self._log_in()
        self._events()
        self._delete()
        if self.environment.machines:
            self._job()
        self._verdict()

    def _apply(self, sample: str) -> None:
        self._say(f"kubectl apply -f {sample}", self._run("apply", "-f", str(REPOSITORY / sample)))

    def _until_ready(self, resource: str, name: str) -> None:
        """Of a job: that its program has ended well, and its machine is let go."""
        seen = board.Board()
        live = self.console.is_terminal
        with Live(seen, console=self.console) if live else contextlib.nullcontext():
            for body in self.environment.kubectl.watch(resource, name, "-n", _NAMESPACE, seconds=_READY_SECONDS):
                line = seen.see(body)
                if line is not None and not live:
                    self.console.print(board.row(line), soft_wrap=True)
                if seen.done:
                    return
        last = f"; its last word: {seen.lines[-1].message}" if seen.lines else "; the operator has not said a word"
        raise DemoFailed(f"{name} was not Ready within {_READY_SECONDS} s{last}")

    def _connection(self) -> None:
        connection, secret = self._read_connection()
        self._title("How to reach it (addresses in status.connection, passwords in the Secret only)")
        for title, value in _how_to_reach(connection):
            self.console.print(f"  {title:<10} {escape(value)}", soft_wrap=True)
        keys = ", ".join(sorted(secret["data"]))
        self.console.print(f"  {'Secret':<10} {secret['metadata']['name']}: {keys}", soft_wrap=True)

    def _log_in(self) -> None:
        """Its password is neither shown nor an argument of anything."""
        connection, secret = self._read_connection()
        password = base64.b64decode(secret["data"]["password"]).decode()
        with self.console.status("logging in"):
            shown = machine.output_of(_PROGRAM, connection["ssh"], password)
        self._say(f"{connection['ssh']} {_PROGRAM}", shown)

    def _read_connection(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """`status.connection`, and its Secret."""
        status = self.environment.kubectl.read("get", "gpuinstance", _NAME, "-n", _NAMESPACE)["status"]
        connection = status["connection"]
        name = connection["secretRef"]["name"]
        return connection, self.environment.kubectl.read("get", "secret", name, "-n", _NAMESPACE)

    def _events(self) -> None:
        self._title("Events")
        found = self.environment.kubectl.read("get", "events", *_EVENTS)
        for event in sorted(found["items"], key=lambda event: int(event["metadata"]["resourceVersion"])):
            self._tell_event(event)

    def _delete(self) -> None:
        with self.console.status("deleting; the object goes once Novita says that the instance is gone"):
            said = self._run("delete", "gpui", _NAME, f"--timeout={_GONE_SECONDS}s")
        self._say(f"kubectl delete gpui {_NAME}", said)
        # The operator posts it right after it has let the object go.
        last = f"{_EVENTS[-1]},reason=Deleted"
        for event in self.environment.kubectl.watch("events", *_EVENTS[:-1], last, seconds=_LAST_EVENT_SECONDS):
            self._tell_event(event)
            return

    def _job(self) -> None:
        """A program that runs to its end on a machine of its own."""
        self._apply(_JOB_SAMPLE)
        self._until_ready("gpujob", _JOB)
        status = self.environment.kubectl.read("get", "gpujob", _JOB, "-n", _NAMESPACE)["status"]
        self._title("How its program has ended (status.exitCode, status.message)")
        self.console.print(f"  exit code {status['exitCode']}; its last words: {escape(status['message'])}")
        self._say(f"kubectl delete gpujob {_JOB}", self._run("delete", "gpujob", _JOB, f"--timeout={_GONE_SECONDS}s"))

    def _verdict(self) -> None:
        ledger = self.environment.servers.ledger()
        summary = ledger["summary"]
        self._title("What the simulated Novita has in its ledger")
        for record in ledger["instances"]:
            self.console.print(
                f"  {record['name']}: billed for {record['billedSeconds']:.1f} s, {record['cost']} USD", soft_wrap=True
            )
        text = f"rented: {summary['created']}, gone: {summary['deleted']}; {summary['billing']} instances are billing"
        rented = 2 if self.environment.machines else 1
        if (summary["created"], summary["live"], summary["billing"]) != (rented, 0, 0):
            raise DemoFailed(f"the ledger is not as it should be: {text}")
        self.console.print(f"  [bold green]{text}[/]")

    def _tell_event(self, event: dict[str, Any]) -> None:
        self.console.print(f"  {event['reason']:<10} {escape(event['message'])}", soft_wrap=True)

    def _run(self, verb: str, *arguments: str) -> str:
        return self.environment.kubectl.run(verb, "-n", _NAMESPACE, *arguments)

    def _say(self, command: str, output: str) -> None:
        self._title(f"$ {command}")
        self.console.print(output.rstrip(), soft_wrap=True, highlight=False, markup=False)

    def _title(self, text: str) -> None:
        self.console.print(f"\n[bold]{escape(text)}[/]", soft_wrap=True)


def _how_to_reach(connection: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What `status.connection` says, by name."""
    for title, key in (("ssh", "ssh"), ("Jupyter", "jupyter"), ("terminal", "webTerminal")):
        if connection.get(key):
            yield title, connection[key]
    for port in connection.get("ports", []):
        yield f"port {port['port']}", f"{port['endpoint']} ({port['protocol']})"
