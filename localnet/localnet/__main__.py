"""The command: options, start, ready line, end."""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import orjson
from solders.pubkey import Pubkey

from .chain import Chain
from .genesis import Genesis, Program
from .server import Server


class Address(click.ParamType[Any]):
    """A base58 address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Pubkey:
        try:
            return Pubkey.from_string(value)
        except ValueError:
            self.fail(f"{value!r} is not an address", param, ctx)


class Authority(Address):
    """A base58 address, or `none` for a program that can never be upgraded."""

    name = "authority"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return None if value == "none" else super().convert(value, param, ctx)


_PROGRAM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--rpc-port", default=8899, help="Port of JSON-RPC; WebSocket is there and one above. 0: a free pair.")
@click.option(
    "--bpf-program",
    nargs=2,
    multiple=True,
    type=(Address(), _PROGRAM),
    help="Deploy a program, upgrades disabled.",
)
@click.option(
    "--upgradeable-program",
    nargs=3,
    multiple=True,
    type=(Address(), _PROGRAM, Authority()),
    help="Deploy a program with an upgrade authority.",
)
@click.option(
    "--mint-to",
    nargs=2,
    multiple=True,
    type=(Address(), click.IntRange(0)),
    help="Lamports for an address at genesis.",
)
@click.option("--slot-ms", default=400, type=click.IntRange(0), help="Length of a slot. 0: slots move by warps alone.")
@click.option(
    "--clock",
    default="wall",
    type=click.Choice(["wall", "manual"]),
    help="Whether the chain's time follows real time, or moves by warps alone.",
)
@click.option("--genesis-time", type=click.IntRange(0), help="Unix time of slot 0.  [default: now]")
@click.option("--seed", default=0, help="Block hashes, slot hashes and the faucet follow from it.")
@click.option("--exit-with-parent", is_flag=True, help="Exit when stdin closes.")
def main(
    host: str,
    rpc_port: int,
    bpf_program: tuple[tuple[Pubkey, Path], ...],
    upgradeable_program: tuple[tuple[Pubkey, Path, Pubkey | None], ...],
    mint_to: tuple[tuple[Pubkey, int], ...],
    slot_ms: int,
    clock: str,
    genesis_time: int | None,
    seed: int,
    exit_with_parent: bool,
) -> None:
    """Solana JSON-RPC and WebSocket on LiteSVM, with time travel.

    Prints one line of JSON with the two addresses when it is ready.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # As solana-test-validator has it: the authority is an address whose key nobody has.
    programs = [Program(address, path, Pubkey.default()) for address, path in bpf_program]
    programs += [Program(address, path, authority) for address, path, authority in upgradeable_program]
    genesis = Genesis(
        seed=seed,
        time=int(time.time()) if genesis_time is None else genesis_time,
        wall_clock=clock == "wall",
        programs=programs,
        balances=list(mint_to),
    )
    asyncio.run(_run(Server(Chain(genesis), slot_ms), host, rpc_port, exit_with_parent))


async def _run(server: Server, host: str, port: int, exit_with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner, bound = await server.serve(host, port)
    producer = asyncio.create_task(server.produce()) if server.slot_ms else None
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if producer:
        waiting.append(producer)
    if exit_with_parent:
        _stop_when_stdin_closes(loop, stop)
    ready = {"rpc": f"http://{host}:{bound}", "ws": f"ws://{host}:{bound + 1}"}
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await runner.cleanup()
    if producer and producer in done:
        producer.result()


def _stop_when_stdin_closes(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait in a thread, for stdin may be anything; a daemon, so that it never keeps the process alive."""

    def wait() -> None:
        # Below Python's own buffer, whose lock would be held when the interpreter ends.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        with suppress(RuntimeError):  # the loop is closed: the process ends already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
