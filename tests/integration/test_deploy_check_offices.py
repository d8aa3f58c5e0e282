"""`ionet program check` and `ionet genesis run` on a network that is initialised, seen as a public cluster's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from client import addresses, keys, state
from client.addresses import LOADER
from client.deployment import Multisig
from client.deployment.holders import SQUADS
from client.genesis import DESIGN
from client.idl import PROGRAMS, program_id
from tests.integration.public_cluster import DEVNET, MAINNET, claiming, multisig_data
from tests.programs.world import committee_of
from tests.unit.client_network import Network, ionet, new_network

SAFE = Multisig(Pubkey.new_unique(), 0, 0, None)
VAULT = SAFE.vault(0)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """A network of which one key is the upgrade authority and the admin, and a multisig of two of three beside it."""
    with new_network(tmp_path) as made:
        keys.save(tmp_path / "admin", made.world.admin)
        data = multisig_data(2, [(Pubkey.new_unique(), 7) for _ in range(3)], rent=Pubkey.new_unique())
        fields = {"lamports": 10**9, "owner": str(SQUADS), "data": base64.b64encode(data).decode()}
        made.world.chain.call("localnet_setAccount", str(SAFE.address), fields)
        yield made


def hand_over(network: Network, *programs: str, to: Pubkey = VAULT) -> None:
    """As `solana program set-upgrade-authority … --skip-new-upgrade-authority-signer-check` does."""
    admin = network.world.admin
    for name in programs or PROGRAMS:
        metas = [
            AccountMeta(addresses.program_data(name), is_signer=False, is_writable=True),  # type: ignore[arg-type] # a name
            AccountMeta(admin.pubkey(), is_signer=True, is_writable=False),
            AccountMeta(to, is_signer=False, is_writable=False),
        ]
        network.world.chain.send([Instruction(LOADER, (4).to_bytes(4, "little"), metas)], admin)


def office(network: Network, **holders: Pubkey) -> None:
    """Puts somebody into an office: a vault cannot accept one here, where its program is not."""
    for field, holder in holders.items():
        number = int.from_bytes(bytes(holder), "little")
        network.world.chain.forge(state.Committee, addresses.committee(), field, number, size=32)


def check(url: str, *arguments: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What is refused and what is warned of."""
    result = ionet("--url", url, "program", "check", "--json", "--multisig", str(SAFE.address), *arguments)
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (1 if found["refused"] else 0)
    return [(one["about"], one["text"]) for one in found["refused"]], [
        (one["about"], one["text"]) for one in found["warnings"]
    ]


def abouts(found: list[tuple[str, str]]) -> list[str]:
    return [about for about, _ in found]


def test_a_network_is_fit_for_the_public_once_no_key_is_enough(network: Network) -> None:
    """Programs and admin are handed to the multisig, and nothing is left to say; a localnet needs none of it."""
    assert check(network.url) == ([], [])
    with claiming(MAINNET, network.url) as url:
        refused, warned = check(url)
        assert abouts(refused) == [*PROGRAMS, "admin"]
        assert warned == []
        hand_over(network, *PROGRAMS[:4])
        assert abouts(check(url)[0]) == [PROGRAMS[4], "admin"]
        hand_over(network, PROGRAMS[4])
        assert abouts(check(url)[0]) == ["admin"]
        office(network, admin=VAULT)
        assert check(url) == ([], [])
        assert "Nothing is refused" in ionet("--url", url, "program", "check", "--multisig", str(SAFE.address)).stderr


def test_a_program_that_nobody_may_replace_is_fit(network: Network) -> None:
    """Once it is initialised."""
    admin = network.world.admin
    metas = [
        AccountMeta(addresses.program_data("escrow"), is_signer=False, is_writable=True),
        AccountMeta(admin.pubkey(), is_signer=True, is_writable=False),
    ]
    network.world.chain.send([Instruction(LOADER, (4).to_bytes(4, "little"), metas)], admin)
    with claiming(MAINNET, network.url) as url:
        assert "escrow" not in abouts(check(url)[0])


def test_a_program_that_was_closed_is_refused(network: Network) -> None:
    """Its address is there for good, and nothing can be read of who may replace it."""
    admin = network.world.admin
    metas = [
        AccountMeta(addresses.program_data("escrow"), is_signer=False, is_writable=True),
        AccountMeta(admin.pubkey(), is_signer=False, is_writable=True),
        AccountMeta(admin.pubkey(), is_signer=True, is_writable=False),
        AccountMeta(program_id("escrow"), is_signer=False, is_writable=True),
    ]
    network.world.chain.warp(slots=1)
    network.world.chain.send([Instruction(LOADER, (5).to_bytes(4, "little"), metas)], admin)
    [(about, text)], _ = check(network.url)
    assert about == "escrow"
    assert "was not put there by the upgradeable loader, or was closed" in text


def test_offices_that_one_key_could_use_are_refused_or_warned_of(network: Network) -> None:
    """The admin, whom it offers its office, the pauser, the committee now and next, the router, the delay."""
    world = network.world
    hand_over(network)
    members = [str(one.pubkey()) for one in world.committee]

    def run(*arguments: str) -> None:
        network.json("admin", *arguments)

    def other(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in found if "one key is enough to name another committee" not in one[1]]

    with claiming(MAINNET, network.url) as url:
        run("admin", "offer", members[0])
        refused, warned = check(url)
        assert "is offered to one key" in other(refused)[0][1]
        run("admin", "withdraw")
        run("admin", "offer", str(VAULT))
        assert other(check(url)[0]) == []

        run("pause", "pauser", str(world.admin.pubkey()))
        refused, warned = check(url)
        assert (other(refused), abouts(warned)) == ([], ["pauser"])
        run("pause", "pauser", members[0])

        run("committee", "rotate", members[0])
        refused, warned = check(url)
        assert f"the committee that is named next is one key, {members[0]}" in other(refused)[0][1]
        run("committee", "rotate", *members[:2])
        refused, warned = check(url)
        assert other(refused) == []
        assert "the committee that is named next has two members" in warned[0][1]
        run("committee", "rotate", *members[:2], str(world.router.pubkey()), str(world.admin.pubkey()))
        _, warned = check(url)
        assert [text.split(",")[0] for _, text in warned] == ["the admin", "the router"]
        run("committee", "rotate", *members)

        run("params", "set", "oracle", "delay_seconds=1h")
        assert "take effect after 3600 seconds" in check(url)[1][0][1]
        run("params", "set", "oracle", "delay_seconds=2d")
        run("params", "set", "escrow", f"router={members[1]}")
        assert "the router" in check(url)[1][0][1]


def test_a_network_that_mints_for_another_is_refused_on_a_localnet_too(network: Network) -> None:
    """Coupons credited by a key; dollars of two mints."""
    chain, stranger = network.world.chain, int.from_bytes(bytes(committee_of(1)[0].pubkey()), "little")
    chain.forge(state.Emission, addresses.emission(), "coupon_authority", stranger, size=32)
    refused, _ = check(network.url)
    assert "coupons are credited by" in refused[0][1]
    other = int.from_bytes(bytes(network.world.io_mint), "little")
    chain.forge(state.Auction, addresses.auction(), "usd_mint", other, size=32)
    assert abouts(check(network.url)[0]) == ["USD", "emission"]
    mint = chain.call("getAccountInfo", str(network.world.io_mint), {"encoding": "base64"})["value"]
    data = bytearray(base64.b64decode(mint["data"][0]))
    data[4:36] = bytes(stranger.to_bytes(32, "little"))
    data[46:82] = b"\1\0\0\0" + stranger.to_bytes(32, "little")
    chain.call("localnet_setAccount", str(network.world.io_mint), {"data": base64.b64encode(data).decode()})
    assert abouts(check(network.url)[0]) == ["USD", "IO", "IO", "emission"]


def test_the_genesis_is_not_paid_where_one_key_could_take_it(network: Network) -> None:
    """Not on mainnet, whatever is said; on devnet as a rehearsal; and once the programs are handed over."""
    file = network.directory / "genesis.toml"
    text = DESIGN.read_text()
    for name in ("community", "R&D and ecosystem", "seed investors", "core contributors", "series A"):
        head, entry = text.split(f'name = "{name}"\n')
        body, *rest = entry.split("\n[[allocation]]\n", 1)
        body += f'\n[[allocation.beneficiary]]\naddress = "{network.world.admin.pubkey()}"\npercent = 100\n'
        text = head + f'name = "{name}"\n' + "\n[[allocation]]\n".join([body, *rest])
    file.write_text(text)

    def run(url: str, *arguments: str) -> Any:
        key = ("--keypair", str(network.directory / "admin"))
        return ionet("--url", url, *key, "genesis", "run", "--file", str(file), "--json", *arguments)

    with claiming(MAINNET, network.url) as url:
        for arguments in ((), ("--localnet",), ("--rehearsal",), ("--multisig", str(SAFE.address))):
            refused = run(url, *arguments)
            assert (refused.exit_code, refused.stdout) == (1, "")
        assert "one key is enough to replace it" in refused.stderr
        assert network.world.chain.balance(addresses.locked_vault()) == 0
    with claiming(DEVNET, network.url) as url:
        assert "--rehearsal does it nevertheless" in run(url).stderr
        assert run(url, "--rehearsal").exit_code == 0
    hand_over(network)
    office(network, admin=VAULT)
    with claiming(MAINNET, network.url) as url:
        assert run(url, "--multisig", str(SAFE.address)).exit_code == 0
