"""`ionet epoch`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from client import economics
from client.amounts import IO, USD
from client.cli.options import AsJson, KeypairFile, Url, group, settings
from client.cli.output import duration, emit, facts, when

if TYPE_CHECKING:
    from solana.rpc.async_api import AsyncClient

    from client.state import Emission

app = group("Epochs: the hours of the emission.")


@app.command()
def show(
    ctx: typer.Context,
    epoch: Annotated[int | None, typer.Argument(help="An epoch, 1 to 175319. Default: where the chain is.")] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Show where the emission is, or one epoch: its hours, its IO, whether it is closed."""
    chosen = settings(ctx, url, keypair, as_json)
    if epoch is not None and not 1 <= epoch <= economics.LAST_EPOCH:
        raise typer.BadParameter(f"epoch {epoch} is out of range: epochs are 1 to {economics.LAST_EPOCH}")
    state, now = chosen.run("reading", _read)
    shown = _overview(state, now) if epoch is None else _one(state, now, epoch)
    if chosen.as_json:
        emit(shown)
    elif epoch is None:
        facts("Emission", _overview_facts(shown))
    else:
        facts(f"Epoch {epoch}", _one_facts(shown))


@app.command()
def close(
    ctx: typer.Context,
    through: Annotated[
        int | None, typer.Option(help="The last epoch to close. Default: the one whose scores are final.", metavar="N")
    ] = None,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Distribute every finished epoch up to the one whose scores are final. Anyone may; --keypair pays the fee."""
    from client import actions

    chosen = settings(ctx, url, keypair, as_json)
    key = chosen.keypair()
    done = chosen.run("closing", lambda client: actions.close_epochs(client, key, through))
    emitted = economics.emission(done.first - 1, done.last)
    if chosen.as_json:
        emit(
            {
                "first": done.first,
                "last": done.last,
                "emission_io_units": emitted,
                "signature": str(done.sent.signature),
            }
        )
        return
    facts(
        "Epochs closed",
        [
            ("epochs", f"{done.first} to {done.last}"),
            ("emission", IO.show(emitted)),
            ("transaction", done.sent.signature),
        ],
    )


async def _read(client: AsyncClient) -> tuple[Emission, int]:
    from client import reads
    from client.rpc import chain_time

    return await reads.emission(client), await chain_time(client)


def _overview(state: Emission, now: int) -> dict[str, Any]:
    parameters = state.parameters_at(now)
    return {
        "chain_time": now,
        "genesis": state.genesis,
        "running_epoch": economics.epoch_at(state.genesis, now),
        "closed_epoch": state.closed_epoch,
        "final_epoch": state.final_epoch,
        "minted_io_units": state.minted,
        "minted_cap_io_units": economics.cumulative(state.closed_epoch),
        "total_points": state.total_points,
        "total_coupons_usd_units": state.total_coupons,
        "carry_availability_io_units": economics.whole(state.carry_availability)[0],
        "carry_compute_io_units": economics.whole(state.carry_compute)[0],
        "availability_bp": parameters.availability_bp,
        "affiliate_bp": parameters.affiliate_bp,
        "lock_seconds": parameters.lock_seconds,
    }


def _overview_facts(shown: dict[str, Any]) -> list[tuple[str, object]]:
    waits = shown["final_epoch"] > shown["closed_epoch"]
    return [
        ("chain time", when(shown["chain_time"])),
        ("epoch 1 began", when(shown["genesis"])),
        ("running epoch", shown["running_epoch"] or "not begun"),
        ("last closed", shown["closed_epoch"] or "none"),
        ("to be closed", f"through {shown['final_epoch']}" if waits else "none: no scores are final"),
        ("minted", f"{IO.show(shown['minted_io_units'])} of {IO.show(shown['minted_cap_io_units'])}"),
        ("points", f"{shown['total_points']:,}"),
        ("coupons of the open epoch", USD.show(shown["total_coupons_usd_units"])),
        ("carried, availability", IO.show(shown["carry_availability_io_units"])),
        ("carried, compute", IO.show(shown["carry_compute_io_units"])),
    ]


def _one(state: Emission, now: int, epoch: int) -> dict[str, Any]:
    start, end = economics.epoch_start(state.genesis, epoch), economics.epoch_end(state.genesis, epoch)
    assert start is not None
    assert end is not None
    if epoch <= state.closed_epoch:
        status = "closed"
    elif epoch <= state.final_epoch:
        status = "final"
    elif now >= end:
        status = "ended"
    else:
        status = "running" if now >= start else "future"
    amount = economics.emission(epoch - 1, epoch)
    halves = economics.epoch_halves(amount, state.parameters_at(start).availability_bp)
    return {
        "epoch": epoch,
        "status": status,
        "start": start,
        "end": end,
        "seconds_left": max(end - max(now, start), 0),
        "emission_io_units": amount,
        "availability_io_units": halves.availability,
        "compute_io_units": halves.compute,
        "minted_cap_io_units": economics.cumulative(epoch),
    }


def _one_facts(shown: dict[str, Any]) -> list[tuple[str, object]]:
    said = {
        "closed": "closed: its IO is distributed",
        "final": "its scores are final: it can be closed",
        "ended": "ended: the committee has to make its scores final",
        "running": f"running, for another {duration(shown['seconds_left'])}",
        "future": "not begun",
    }
    return [
        ("state", said[shown["status"]]),
        ("from", when(shown["start"])),
        ("to", when(shown["end"])),
        ("emission", IO.show(shown["emission_io_units"])),
        ("for availability", IO.show(shown["availability_io_units"])),
        ("for compute", IO.show(shown["compute_io_units"])),
        ("minted at most by its end", IO.show(shown["minted_cap_io_units"])),
    ]
