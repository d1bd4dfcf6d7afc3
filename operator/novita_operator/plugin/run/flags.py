"""The options of `run`, as typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Command = Annotated[list[str] | None, typer.Argument(help="After `--`: the program and its arguments.")]
File = Annotated[
    Path | None, typer.Option("-f", "--filename", help="A manifest of one GPUInstance, or - for the standard input.")
]
Name = Annotated[str | None, typer.Option(help="Of the object; without it, one that nobody has.")]
Gpu = Annotated[str | None, typer.Option(help='The product, such as "RTX 4090 24GB".')]
Count = Annotated[int | None, typer.Option(min=1, max=8, help="How many GPUs.")]
Spot = Annotated[bool, typer.Option("--spot", help="Cheaper; Novita may take it back at any time.")]
MaxPrice = Annotated[str | None, typer.Option(help="USD per hour for the whole machine; above it nothing is rented.")]
Image = Annotated[str | None, typer.Option(help="The container image; without it, the template's.")]
Account = Annotated[str | None, typer.Option(help="The NovitaAccount that pays.")]
Env = Annotated[list[str] | None, typer.Option(help="NAME=VALUE, which everybody may read who sees the object.")]
EnvFrom = Annotated[
    list[str] | None, typer.Option(help="[NAME=]secret/NAME/KEY or configmap/NAME/KEY; the operator reads it.")
]
Upload = Annotated[Path | None, typer.Option(help="A folder here; the program runs in a copy of it.")]
Download = Annotated[list[str] | None, typer.Option(help="A file or folder of the machine that is fetched in the end.")]
Timeout = Annotated[str, typer.Option(help="The longest time for all of it: 90m, 4h, 1h30m.")]
KeepOnFailure = Annotated[
    bool, typer.Option("--keep-on-failure", help="Keep the machine where something fails, until --timeout.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Make a GPUJob of it, print its name, and end.")]
Attach = Annotated[
    str | None, typer.Option(help="Follow the GPUJob of this name instead; its exit code is this one's.")
]
