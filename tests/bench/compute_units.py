"""Compute units of every instruction and rent of every account: `uv run python -m tests.bench.compute_units`.

    --json     prints JSON
    --write    writes `compute_units.json`, the figures that a change is held to
    --check    exits with 1 where an instruction costs over 10% more than its figure, or has none

Each figure is of a transaction with one such instruction, the dearest of those in `tests/programs/walk.py`; the two
compute-budget instructions' 300 are taken off. Where the cost depends on what is there, the case stands beside it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pyheck import snake
from rich.console import Console
from rich.table import Table
from solders.instruction import Instruction
from solders.keypair import Keypair

from client import accounts, state
from client.idl import PROGRAMS, ProgramName, idl, program_of
from tests.programs.chain import Chain
from tests.programs.walk import PARAMETERS, begin, walk
from tests.programs.world import World, new_world

FIGURES = Path(__file__).with_suffix(".json")
BUDGET_UNITS = 300
BATCH = 21
"""Scores in one transaction signed by two members."""
MARGIN = 1.10
RENT_LAMPORTS_PER_BYTE = 6_960
"""Two years of rent, which exempt; an account has 128 bytes besides its data."""
ACCOUNT_OVERHEAD_BYTES = 128

NAMES = {
    (program, sha256(f"global:{snake(ix.name)}".encode()).digest()[:8]): f"{program}.{snake(ix.name)}"
    for program in PROGRAMS
    for ix in idl(program).instructions
}


def name_of(instruction: Instruction) -> str | None:
    """`escrow.open_job`; None for another program's."""
    program: ProgramName | None = program_of(instruction.program_id)
    return NAMES.get((program, bytes(instruction.data[:8]))) if program else None


class Meter:
    """Takes the place of a chain's `send`: notes what each instruction of ours uses, alone in its transaction."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.units: dict[str, int] = {}

    def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> str:
        signature = ""
        for instruction in instructions:
            needed = {meta.pubkey for meta in instruction.accounts if meta.is_signer} | {signers[0].pubkey()}
            signature = Chain.send(self.chain, [instruction], *(key for key in signers if key.pubkey() in needed))
            if name := name_of(instruction):
                self.note(name, signature)
        return signature

    def note(self, name: str, signature: str, parts: int = 1) -> None:
        used = (self.chain.units(signature) - BUDGET_UNITS) // parts
        self.units[name] = max(used, self.units.get(name, 0))


def walked() -> dict[str, int]:
    """Units of every instruction."""
    with new_world(initialized=False) as world:
        meter = Meter(world.chain)
        world.chain.send = meter.send  # type: ignore[method-assign] # so that the world's short words go through it
        walk(world)
    # No key signs it: `escrow.settle_job` calls it.
    missing = set(NAMES.values()) - meter.units.keys() - {"emission.credit_coupons"}
    assert not missing, f"not in the walk: {', '.join(sorted(missing))}"
    return meter.units


def cases() -> dict[str, int]:
    """Units of instructions whose cost depends on what is there."""
    units: dict[str, int] = {}
    for measure in (_settlements, _scores):
        with new_world(initialized=False) as world:
            begin(world)
            world.prices()
            meter = Meter(world.chain)
            measure(world, meter)
        units |= meter.units
    return units


def _settlements(world: World, meter: Meter) -> None:
    node, user = world.node(dollar_share_bp=3_000), world.user()
    world.end_of(1)
    world.post_scores(1, (user[1], 0, 7_500))  # a discount, or locked IO in its place
    world.prices()
    jobs = {
        "plain": world.open_job(user, id=1, hours=2),
        "user takes locked IO": world.open_job(user, id=2, hours=2, benefit=state.Job.LOCKED_IO),
    }
    for job in jobs.values():
        world.start_job(job, node[1])
    world.chain.warp(seconds=3_600)
    for job in jobs.values():
        world.report_job(node, job)
    world.chain.warp(seconds=PARAMETERS.escrow.dispute_seconds)
    for case, job in jobs.items():
        meter.note(f"escrow.settle_job, {case}", world.settle_job(job, node))


def _scores(world: World, meter: Meter) -> None:
    world.end_of(1)
    nodes = [world.node() for _ in range(BATCH)]
    rows = [(actor, 1_000 + i, 100) for i, (_, actor) in enumerate(nodes)]
    meter.note(f"emission.post_scores, each of {BATCH} new", world.post_scores(1, *rows), BATCH)
    world.finalize(1)
    meter.note(f"emission.close_epochs, {BATCH} earners", world.close(1))
    meter.note("emission.claim, nobody else to pay", world.claim(nodes[0]))
    world.end_of(2)
    rows = [(actor, 4_000_000_000, 200) for actor, _, _ in rows]
    meter.note(f"emission.post_scores, each of {BATCH}", world.post_scores(2, *rows), BATCH)
    world.finalize(2)
    meter.note("emission.close_epochs, points of a million nodes", world.close(2))
    world.end_of(300)
    world.finalize(300)
    meter.note("emission.close_epochs, 298 missed epochs at once", world.close(300))


def rents() -> dict[str, dict[str, int]]:
    """Bytes and rent exemption of every account."""
    sizes = {f"{kind.PROGRAM}.{kind.__name__}": accounts.size_of(kind) for kind in state.ACCOUNTS}  # type: ignore[attr-defined]
    sizes["a vault (token account)"] = accounts.TOKEN_ACCOUNT_BYTES
    return {
        name: {"bytes": size, "lamports": (size + ACCOUNT_OVERHEAD_BYTES) * RENT_LAMPORTS_PER_BYTE}
        for name, size in sorted(sizes.items())
    }


def measured() -> dict[str, dict[str, object]]:
    """The whole table."""
    return {"compute_units": dict(sorted((walked() | cases()).items())), "rent": rents()}  # type: ignore[dict-item]


def dearer(figures: dict[str, int], found: dict[str, int]) -> list[str]:
    """What costs over a tenth more than its figure, and what has none."""
    complaints = [f"{name}: no figure in {FIGURES.name}" for name in found.keys() - figures.keys()]
    complaints += [f"{name}: in {FIGURES.name} and not measured" for name in figures.keys() - found.keys()]
    complaints += [
        f"{name}: {found[name]:,} units, {found[name] / figure - 1:.0%} above its figure of {figure:,}"
        for name, figure in figures.items()
        if name in found and found[name] > figure * MARGIN
    ]
    return sorted(complaints)


def show(table: dict[str, dict[str, object]]) -> None:
    units = Table("instruction", "compute units", title="Compute units")
    units.columns[1].justify = "right"
    for name, used in table["compute_units"].items():
        units.add_row(name, f"{used:,}")
    rent = Table("account", "bytes", "rent, lamports", title="Rent")
    rent.columns[1].justify = rent.columns[2].justify = "right"
    for name, row in table["rent"].items():
        rent.add_row(name, f"{row['bytes']:,}", f"{row['lamports']:,}")  # type: ignore[index]
    console = Console()
    console.print(units)
    console.print(rent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    table = measured()
    text = json.dumps(table, indent=2) + "\n"
    if options.write:
        FIGURES.write_text(text)
    if options.json:
        sys.stdout.write(text)
    else:
        show(table)
    if options.check:
        figures = json.loads(FIGURES.read_text())
        complaints = dearer(figures["compute_units"], table["compute_units"])  # type: ignore[arg-type]
        if figures["rent"] != table["rent"]:
            complaints.append(f"the rents differ from {FIGURES.name}: run with --write")
        if complaints:
            sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
