"""Events decoded a second, from raw JSON: `uv run python -m tests.bench.decode [--events N]`.

Ours gives columns that are ready for PostgreSQL, with the program, the caller, the authority, the outcome and the
discriminator of each checked, with `ionet-native` and without; AnchorPy and npm's Anchor give objects. All read the
same file of blocks (`blocks` says what is in it), one process each, and must find the same. Seconds are the
processor's, of all threads.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any, Final

import msgspec

from indexer.decoding import scan
from indexer.decoding.blocks import AnyBlock, Block
from indexer.decoding.calls import CallReader
from indexer.decoding.decode import Decoded, Decoder
from indexer.decoding.scan import Scanner
from indexer.storing import batches
from indexer.storing.batches import uncollected
from tests.bench import peers
from tests.bench.blocks import BLOCK_EVENTS, Written, write
from tests.bench.peers import Decoding
from tests.bench.templates import kind_of

KINDS: Final = ("submit_price", "settle_job", "record_challenges")
"""Of these, transactions are also decoded by themselves: twelve small events, two large ones among calls, 16 rows."""
_BLOCK: Final = msgspec.json.Decoder(Block)


class _Answer(msgspec.Struct):
    result: Block


_ANSWER: Final = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True)
class Ours:
    """What our decoder found, and the seconds of its phases."""

    found: Decoding
    phases: dict[str, float]


def ours(path: Path, io_mint: str | None = None, scanner: Scanner | None = None) -> Ours:
    """Decodes a file of blocks in batches of the replay's size. Raises `RuntimeError` where one is quarantined."""
    decoder = Decoder(io_mint)
    parsing = calls = decoding = 0.0
    events = records = 0
    answers = [b'{"jsonrpc":"2.0","result":%b,"id":1}' % line for line in path.read_bytes().splitlines()]
    while answers:
        began = process_time()
        batch: list[tuple[int, AnyBlock]] = []
        size = 0
        while answers and size < batches.TRANSACTIONS:
            block = _read(answers.pop(0), scanner)
            batch.append((block.parent_slot + 1, block))
            size += block.count
        parsed = process_time()
        decoded = decoder.blocks(batch)
        parsing, decoding = parsing + parsed - began, decoding + process_time() - parsed
        events, records = events + _count(decoded, records=False), records + _count(decoded, records=True)
        if decoded.quarantined:
            raise RuntimeError(f"not understood: {decoded.quarantined[0]}")
        if scanner is None:
            # Once more, to know what of it this was.
            began = process_time()
            CallReader(decoder.io_mint).read([(slot, block) for slot, block in batch if isinstance(block, Block)])
            calls += process_time() - began
    phases = {"scanning": parsing} if scanner else {"parsing": parsing, "calls": calls}
    return Ours(Decoding(events, records, parsing + decoding), {**phases, "columns": decoding - calls})


def _read(answer: bytes, scanner: Scanner | None) -> AnyBlock:
    scanned = None if scanner is None else scanner.read(answer)
    return _ANSWER.decode(answer).result if scanned is None else scanned[1]


def _count(decoded: Decoded, *, records: bool) -> int:
    named = {"challenge_recorded", "score_posted", "challenge_committed"}
    tables = [*decoded.columns.items(), *decoded.loose.items()]
    passed_over = {"transaction", "io_supply_changed"}
    return sum(len(rows) for table, rows in tables if table not in passed_over and (table in named) is records)


def of_kinds(history: Written, folder: Path) -> dict[str, Path]:
    """A file of blocks for each of `KINDS`, with all such transactions of a history."""
    found: dict[str, list[Any]] = defaultdict(list)
    for _, text in history.blocks():
        for transaction in json.loads(text)["transactions"]:
            kind = kind_of(transaction)
            if kind in KINDS:
                found[kind].append(transaction)
    return {kind: _blocks_of(found[kind], folder / f"{kind}.json") for kind in KINDS}


def _blocks_of(transactions: list[Any], path: Path) -> Path:
    size = BLOCK_EVENTS // 4
    with path.open("w") as file:
        for slot, start in enumerate(range(0, len(transactions), size), 1):
            block = {
                "blockhash": "1" * 32,
                "previousBlockhash": "1" * 32,
                "parentSlot": slot - 1,
                "blockTime": slot,
                "transactions": transactions[start : start + size],
            }
            file.write(json.dumps(block, separators=(",", ":")) + "\n")
    return path


def show(name: str, path: Path, io_mint: str | None) -> None:
    """Decodes a file by everyone, and prints it. Raises `RuntimeError` where they do not find the same."""
    scanner = None if io_mint is None else scan.scanner(io_mint)
    with uncollected():  # as whoever reads batches does
        mine = {name: ours(path, io_mint, how) for name, how in (("with ionet-native", scanner), ("in Python", None))}
    if scanner is None:
        print("(without ionet-native: uv sync --group native)")
        del mine["with ionet-native"]
    best = next(iter(mine.values()))
    found = best.found
    every = found.events + found.records
    print(
        f"\n{name}: {found.events:,} emit_cpi events, {found.records:,} rows of records; "
        f"{path.stat().st_size / every:,.0f} bytes of JSON for each"
    )
    for name, one in mine.items():
        _line(f"ionet {name}: JSON to columns", every, one.found.seconds)
        for phase, seconds in one.phases.items():
            print(f"      {phase:<35} {seconds / every * 1e6:8.2f} µs each")
    for peer, decoding in (
        ("AnchorPy 0.21: JSON, base58, coders", peers.anchorpy(path)),
        ("@coral-xyz/anchor 0.32 in node: the same", peers.anchor_in_node(path)),
    ):
        if isinstance(decoding, str):
            print(f"   {peer:<38} skipped: {decoding}")
            continue
        if (decoding.events, decoding.records) != (found.events, found.records):
            raise RuntimeError(f"{peer} found {decoding.events} events and {decoding.records} records: not the same")
        _line(peer, every, decoding.seconds, found.seconds / every)
    if found.events:
        logged = peers.anchorpy_logs(path)
        if logged.events != found.events:
            raise RuntimeError(f"AnchorPy's EventParser found {logged.events} events: not the same")
        _line("AnchorPy's EventParser, had it been logs", logged.events, logged.seconds, found.seconds / every)


def _line(name: str, events: int, seconds: float, than: float | None = None) -> None:
    ratio = "" if than is None else f"   ours is {seconds / events / than:.1f} times as fast"
    print(f"   {name:<41} {events / seconds:10,.0f} a second{ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=200_000, help="how many, at least (default 200,000)")
    parser.add_argument("--nodes", type=int, default=10_000, help="of the network (default 10,000)")
    parser.add_argument("--folder", type=Path, help="where the blocks are, or are to be kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        history = write(options.folder or Path(made) / "blocks", options.events, nodes=options.nodes)
        mint = _io_mint(history)
        show("The hours of a network", history.path, mint)
        for kind, path in of_kinds(history, Path(made)).items():
            show(f"Of these, {kind}", path, mint)


def _io_mint(history: Written) -> str | None:
    """The mint of IO, as the first blocks say it."""
    decoder = Decoder()
    decoder.blocks([(slot, _BLOCK.decode(text)) for slot, text in history.blocks(5)])
    return decoder.io_mint


if __name__ == "__main__":
    main()
