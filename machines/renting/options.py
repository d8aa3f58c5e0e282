"""Options that `ionet job run` and `deploy` share, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from client.amounts import USD

if TYPE_CHECKING:
    from machines.jobs.spec import Service
    from machines.renting.opening import Order
    from machines.renting.run import Wishes

Command = Annotated[
    list[str], typer.Argument(help="Program and arguments, found by PATH in the sandbox. No shell reads them.")
]
ClassName = Annotated[str, typer.Option("--class", help="Hardware class, such as H100.", metavar="NAME")]
Processors = Annotated[int, typer.Option(help="Processors at once.", metavar="N", min=1)]
Hours = Annotated[int, typer.Option(help="Whole hours to pay in; seconds not worked are refunded.", metavar="N", min=1)]
MaxUsd = Annotated[
    str | None,
    typer.Option("--max-usd", help="The most it may cost, USD, a decimal. Default: the quote.", metavar="USD"),
]
UserId = Annotated[int | None, typer.Option("--id", help="Which of your users, where you have several.", metavar="N")]
Benefit = Annotated[
    str,
    typer.Option(
        help="What your reputation gives: `discount`, or `locked-io` at the full price.", metavar="discount|locked-io"
    ),
]
Credit = Annotated[
    str,
    typer.Option(
        help="Of what you were granted: `auto` takes all that there is, `none` nothing, or an amount of USD.",
        metavar="auto|none|USD",
    ),
]
Pay = Annotated[
    str, typer.Option(help="`io`: sell your IO to the burn auction for what is to be paid.", metavar="usd|io")
]
Image = Annotated[
    str | None,
    typer.Option(
        help="Container image with its registry, such as docker.io/library/python:3.11. Default: the node's own /usr.",
        metavar="IMAGE",
    ),
]
Inputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--input",
        help="A file, found at /work/in/NAME, or a folder, found below /work/in/NAME. Again for more.",
        metavar="PATH",
    ),
]
Environment = Annotated[
    list[str] | None, typer.Option("--env", help="A variable of the environment. Again for more.", metavar="NAME=VALUE")
]
Cores = Annotated[
    int | None, typer.Option(help="CPU cores it may use. Default: as many as processors.", metavar="N", min=1)
]
Memory = Annotated[int, typer.Option("--memory-mb", help="Memory it may use, MiB.", metavar="N", min=16)]
Seconds = Annotated[
    int | None, typer.Option(help="After which it is ended. Default: all its hours.", metavar="N", min=1)
]
FilesMb = Annotated[int, typer.Option("--files-mb", help="What it may write below /work, MiB.", metavar="N", min=1)]
Processes = Annotated[int, typer.Option(help="Processes and threads at once.", metavar="N", min=1)]
LogKb = Annotated[int, typer.Option("--log-kb", help="Of its log, KiB; the rest is cut.", metavar="N", min=1)]
Network = Annotated[bool, typer.Option("--network", help="Let it reach others, where the node allows that.")]
WaitSeconds = Annotated[
    int,
    typer.Option(
        "--wait-seconds", help="To wait for a node; then it is cancelled, all of it refunded.", metavar="N", min=1
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Open it at the quoted price without asking.")]
CancelOnInterrupt = Annotated[
    bool,
    typer.Option(
        "--cancel-on-interrupt",
        help="SIGINT and SIGTERM cancel it where there is no terminal to ask at; else it goes on.",
    ),
]

# What a command is given before its own words would be taken for options of ours after the first of them.
OWN_WORDS = {"allow_interspersed_args": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What both commands are told: each field is an option, with its default."""

    hardware_class: ClassName = "CPU"
    processors: Processors = 1
    hours: Hours = 1
    max_usd: MaxUsd = None
    user_id: UserId = None
    benefit: Benefit = "discount"
    credit: Credit = "auto"
    pay: Pay = "usd"
    image: Image = None
    inputs: Inputs = None
    environment: Environment = None
    cores: Cores = None
    memory_mb: Memory = 1_024
    seconds: Seconds = None
    files_mb: FilesMb = 1_024
    processes: Processes = 64
    log_kb: LogKb = 10_240
    network: Network = False
    wait_seconds: WaitSeconds = 600
    yes: Yes = False
    cancel_on_interrupt: CancelOnInterrupt = False

    def order(self, command: list[str], *, service: Service | None = None, output: Path | None = None) -> Order:
        """What was asked for, checked as far as that needs no network."""
        from client.economics import SECONDS_PER_HOUR
        from client.state import Job
        from machines.jobs.spec import Limits
        from machines.renting.inputs import gather
        from machines.renting.opening import Order, spec_of

        if self.pay not in ("usd", "io"):
            raise typer.BadParameter(f"{self.pay!r} is no way to pay: give usd or io")
        benefits = {name: number for number, name in Job.BENEFITS.items()}
        if self.benefit not in benefits:
            raise typer.BadParameter(f"{self.benefit!r} is no benefit: give {' or '.join(benefits)}")
        limits = Limits(
            cores=self.cores or self.processors,
            memory_mb=self.memory_mb,
            seconds=self.seconds or self.hours * SECONDS_PER_HOUR,
            files_mb=self.files_mb,
            processes=self.processes,
            log_kb=self.log_kb,
            network=self.network,
        )
        found = gather(self.inputs or [])
        spec, token = spec_of(
            command,
            image=self.image,
            environment=_variables(self.environment or []),
            inputs=found,
            limits=limits,
            service=service,
        )
        return Order(
            hardware_class=self.hardware_class,
            processors=self.processors,
            hours=self.hours,
            max_usd=None if self.max_usd is None else USD.parse(self.max_usd),
            benefit=benefits[self.benefit],
            credit=None if self.credit == "auto" else 0 if self.credit == "none" else USD.parse(self.credit),
            pay_in_io=self.pay == "io",
            user_id=self.user_id,
            spec=spec,
            inputs=found,
            token=token,
            output=output,
        )

    def wishes(self, *, keeps: bool) -> Wishes:
        """How the job is to end."""
        from machines.renting.run import Wishes

        return Wishes(asks=not self.yes, keeps=keeps, cancels_on_interrupt=self.cancel_on_interrupt)


def taking_wanted(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the fields of its parameter `wanted` as options: Typer reads no classes."""
    own, shared = (get_type_hints(one, include_extras=True) for one in (command, Wanted))
    parameters: list[Parameter] = []
    for one in signature(command).parameters.values():
        taken = [(field.name, field.default, shared) for field in fields(Wanted)]
        for name, default, types in taken if one.name == "wanted" else [(one.name, one.default, own)]:
            parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=types[name]))

    @wraps(command)
    def called(**given: Any) -> None:
        wanted = Wanted(**{name: given.pop(name) for name in shared})
        command(**given, wanted=wanted)

    made: Any = called
    made.__signature__ = Signature(parameters)
    made.__annotations__ = {one.name: one.annotation for one in parameters}
    return called


def _variables(given: list[str]) -> dict[str, str]:
    variables = {}
    for one in given:
        name, is_there, value = one.partition("=")
        if not is_there or not name:
            raise typer.BadParameter(f"{one!r} is no variable: give NAME=VALUE")
        variables[name] = value
    return variables
