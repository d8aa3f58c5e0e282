"""`ionet genesis run` on a network: paid, locked, resumed, checked; and refused where the chain is not as the plan."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from client import addresses, keys, state
from client.actions import genesis
from client.economics import GENESIS_SUPPLY, IO
from client.genesis import DESIGN, MONTH_SECONDS, read
from client.instructions import emission, tokens
from tests.programs.world import GENESIS, U64_MAX
from tests.unit.client_network import Network, new_network

NAMES = ("community", "R&D and ecosystem", "seed investors", "core contributors", "series A")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A network of which nobody but the admin has any IO, with the admin's key as the file `admin`."""
    with new_network(tmp_path) as network:
        keys.save(tmp_path / "admin", network.world.admin)
        yield network


def named(directory: Path, beneficiaries: dict[str, Sequence[tuple[Pubkey, int]]]) -> Path:
    """The design's file with beneficiaries and their percentages in it."""
    text = DESIGN.read_text()
    for name, shares in beneficiaries.items():
        head, entry = text.split(f'name = "{name}"\n')
        body, *rest = entry.split("\n[[allocation]]\n", 1)
        for who, percent in shares:
            body += f'\n[[allocation.beneficiary]]\naddress = "{who}"\npercent = {percent}\n'
        text = head + f'name = "{name}"\n' + "\n[[allocation]]\n".join([body, *rest])
    file = directory / "genesis.toml"
    file.write_text(text)
    return file


def everybody(network: Network) -> dict[str, list[tuple[Pubkey, int]]]:
    """Beneficiaries of each allocation, none of whom has any account yet; the community's second is the admin."""
    wallets = [Keypair().pubkey() for _ in range(6)]
    admin = network.world.admin.pubkey()
    return {
        NAMES[0]: [(wallets[0], 70), (admin, 30)],
        NAMES[1]: [(wallets[1], 100)],
        NAMES[2]: [(wallets[2], 50), (wallets[3], 50)],
        NAMES[3]: [(wallets[4], 100)],
        NAMES[4]: [(wallets[5], 100)],
    }


def run(network: Network, file: Path) -> Any:
    return network.json("admin", "genesis", "run", "--file", str(file))


def refusal(network: Network, file: Path) -> str:
    return network.refusal("admin", "genesis", "run", "--file", str(file))


def test_the_designs_genesis_is_paid_locked_and_free_in_tranches(network: Network) -> None:
    """Liquid parts arrive, the rest is locked on the plan's terms; done again, nothing is done; all of it adds up."""
    world, beneficiaries = network.world, everybody(network)
    file = named(network.directory, beneficiaries)
    done = run(network, file)
    assert done["paid_io_units"] == 198_000_000 * IO
    assert done["kept_io_units"] == 30_000_000 * IO
    assert done["locked_io_units"] == 272_000_000 * IO
    assert done["left_io_units"] == 0
    assert world.chain.balance(world.io(beneficiaries[NAMES[0]][0][0])) == 70_000_000 * IO
    assert world.chain.balance(world.io(beneficiaries[NAMES[1]][0][0])) == 128_000_000 * IO
    assert world.chain.balance(world.io(world.admin)) == 30_000_000 * IO
    assert world.chain.balance(addresses.locked_vault()) == 272_000_000 * IO
    for payment in read(file).payments:
        if payment.tranches:
            assert payment.beneficiary is not None
            lock = addresses.locked(world.admin.pubkey(), payment.beneficiary, payment.number)
            vesting = world.chain.account(state.Vesting, lock)
            assert (vesting.beneficiary, vesting.total) == (payment.beneficiary, payment.amount)
            assert vesting.start == GENESIS + 12 * MONTH_SECONDS
            assert vesting.end == vesting.start + payment.tranches.count * MONTH_SECONDS
            assert (vesting.step_seconds, vesting.funded) == (MONTH_SECONDS, 1)

    again = run(network, file)
    assert {one["signature"] for one in again["payments"]} == {None}
    assert {name: again[name] for name in again if name != "payments"} == {
        name: done[name] for name in done if name != "payments"
    }
    shown = network.run("admin", "genesis", "run", "--file", str(file))
    assert "done before" in shown.stdout
    assert "500,000,000.00 IO" in shown.stdout

    supply = network.json(None, "supply")
    assert supply["adds_up"]
    assert supply["locked_unvested_io_units"] == 272_000_000 * IO
    assert supply["circulating_io_units"] == 228_000_000 * IO

    (seed, _), *_ = beneficiaries[NAMES[2]]
    world.chain.warp(timestamp=GENESIS + 13 * MONTH_SECONDS - 1)
    assert "no locked IO that has vested" in network.refusal("admin", "vesting", "withdraw", "--for", str(seed))
    world.chain.warp(timestamp=GENESIS + 13 * MONTH_SECONDS)
    tranche = 50_000_000 * IO // 24
    assert network.json(None, "supply")["locked_vested_io_units"] == 2 * tranche + sum(
        amount * IO // count for amount, count in ((90_400_000, 36), (81_600_000, 24))
    )
    assert network.json("admin", "vesting", "withdraw", "--for", str(seed))["withdrawn_io_units"] == tranche
    assert world.chain.balance(world.io(seed)) == tranche
    (listed,) = network.json(None, "vesting", "list", "--for", str(seed))
    assert (listed["total_io_units"], listed["withdrawn_io_units"]) == (50_000_000 * IO, tranche)
    assert run(network, file)["locked_io_units"] == 272_000_000 * IO


def test_a_run_that_was_cut_short_goes_on(network: Network) -> None:
    """What was paid and locked by hand, or in a run that broke, is not done twice."""
    world, beneficiaries = network.world, everybody(network)
    file = named(network.directory, beneficiaries)
    admin = world.admin.pubkey()
    payments = read(file).payments
    seed = next(one for one in payments if one.allocation == NAMES[2])
    assert seed.beneficiary is not None
    lock = emission.lock_io(
        depositor=admin,
        beneficiary=seed.beneficiary,
        id=seed.number,
        source=world.io(admin),
        amount=seed.amount,
        start=GENESIS + 12 * MONTH_SECONDS,
        end=GENESIS + 36 * MONTH_SECONDS,
        step_seconds=MONTH_SECONDS,
    )
    world.chain.send([lock], world.admin)
    done = run(network, file)
    before = [one["number"] for one in done["payments"] if one["signature"] is None]
    assert before == [2, seed.number], "the admin's own part, and the lock"
    assert done["paid_io_units"] + done["locked_io_units"] + done["kept_io_units"] == GENESIS_SUPPLY


def test_lamports_at_a_marks_place_hinder_nothing(network: Network) -> None:
    """Whoever sends lamports to where a payment will leave its mark neither stops it nor makes it seem done."""
    world, beneficiaries = network.world, everybody(network)
    file = named(network.directory, beneficiaries)
    mark = Pubkey.create_with_seed(
        world.admin.pubkey(), read(file).payments[0].mark(world.io_mint), Pubkey.from_string("1" * 32)
    )
    stranger = world.person()
    gift = transfer(TransferParams(from_pubkey=stranger.pubkey(), to_pubkey=mark, lamports=5_000_000))
    world.chain.send([gift], stranger)
    run(network, file)
    assert world.chain.balance(world.io(beneficiaries[NAMES[0]][0][0])) == 70_000_000 * IO


def test_what_is_not_as_planned_is_refused(network: Network) -> None:
    """Nobody named, a token account for a wallet, too little IO, terms changed after the fact: each is said."""
    world, beneficiaries = network.world, everybody(network)
    assert "'community' has no beneficiary yet" in network.refusal("admin", "genesis", "run")
    partly = named(network.directory, {NAMES[0]: beneficiaries[NAMES[0]]})
    assert "'R&D and ecosystem' has no beneficiary yet" in refusal(network, partly)
    wrong = beneficiaries | {NAMES[4]: [(world.io(world.admin), 100)]}
    assert "'series A', 81,600,000.00 IO for" in (said := refusal(network, named(network.directory, wrong)))
    assert "a token account or a mint: name the address of a wallet" in said

    file = named(network.directory, beneficiaries)
    file.write_text("genesis = 2030-01-01T00:00:00Z\n" + file.read_text())
    assert "the file says that epoch 1 begins at 1893456000" in refusal(network, file)

    away = tokens.transfer(
        source=world.io(world.admin), destination=world.io(world.person()), owner=world.admin.pubkey(), amount=7
    )
    world.chain.send([away], world.admin)
    file = named(network.directory, beneficiaries)
    assert "0.00000007 IO less than what the plan still needs: 0.00 IO of it are paid" in refusal(network, file)
    network.person("stranger")
    assert "holds 0.00 IO" in network.refusal("stranger", "genesis", "run", "--file", str(file))

    seed = beneficiaries[NAMES[2]][0][0]
    lock = emission.lock_io(
        depositor=world.admin.pubkey(),
        beneficiary=seed,
        id=4,
        source=world.io(world.admin),
        amount=1,
        start=0,
        end=1,
        step_seconds=1,
    )
    world.chain.send([lock], world.admin)
    assert "is locked already, on other terms: 0.00000001 IO" in refusal(network, file)


def test_io_besides_the_plan_is_told(network: Network) -> None:
    """IO that the payer was given in between stays with it, and is said; more locked than counted is refused."""
    world, beneficiaries = network.world, everybody(network)
    file = named(network.directory, beneficiaries)
    beneficiaries[NAMES[0]][0] = (network.person("rich").pubkey(), 70)
    file = named(network.directory, beneficiaries)
    run(network, file)
    rich = keys.load(network.directory / "rich")
    gift = tokens.transfer(source=world.io(rich), destination=world.io(world.admin), owner=rich.pubkey(), amount=9)
    world.chain.send([gift], rich)
    assert run(network, file)["left_io_units"] == 9
    shown = network.run("admin", "genesis", "run", "--file", str(file))
    assert "holds 0.00000009 IO that are not of the plan" in shown.stderr
    world.chain.forge(state.Emission, addresses.emission(), "locked_io", U64_MAX)
    assert "each should be at least the one before" in refusal(network, file)


def test_a_payment_cannot_be_made_twice(network: Network) -> None:
    """The transaction of a payment, sent again by a run that does not know of it, is refused as a whole."""
    world, beneficiaries = network.world, everybody(network)
    file = named(network.directory, beneficiaries)
    run(network, file)
    payment = read(file).payments[0]
    chain = genesis._Chain(world.admin.pubkey(), world.chain.account(state.Emission, addresses.emission()), 1_000_000)
    before = world.chain.balance(world.io(world.admin))
    with world.chain.refuses("AccountAlreadyInUse"):
        world.chain.send(genesis._instructions(chain, payment), world.admin)
    assert world.chain.balance(world.io(world.admin)) == before
