"""Transactions through a network that loses what passes: each executes once, or is refused in plain words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from solana.rpc.commitment import Finalized
from solders.instruction import Instruction
from solders.keypair import Keypair

from client import accounts, sending
from client.economics import USD
from client.errors import Refused, Unreachable
from client.instructions import emission, tokens
from client.rpc import connect
from client.sending import NotConfirmed, SendOptions, Signed, TransactionRefused
from tests.programs.world import World
from tests.unit.client_network import SLOT_MS, Network, new_network
from tests.wire import no_statuses, wire


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with new_network(tmp_path_factory.mktemp("keys")) as made:
        yield made


async def _pay(url: str, network: Network, amount: int = 1, options: SendOptions = sending.DEFAULT) -> Keypair:
    """Pays dollars to somebody new, from the mint."""
    world, somebody = network.world, Keypair()
    admin, mint = world.admin.pubkey(), world.usd_mint
    instructions = [
        tokens.create_token_account(payer=admin, owner=somebody.pubkey(), mint=mint),
        tokens.mint_to(mint=mint, authority=admin, destination=world.usd(somebody), amount=amount),
    ]
    async with connect(url) as client:
        sent = await sending.send(client, instructions, [world.admin], options)
        # What it says is on the chain.
        status = (await client.get_signature_statuses([sent.signature], search_transaction_history=True)).value[0]
        assert status is not None
        assert status.err is None
        assert status.slot == sent.slot
    return somebody


async def test_a_lost_answer_does_not_pay_twice(network: Network) -> None:
    """The node takes the transaction, and the answer never arrives: it is not signed again."""
    lost: list[bytes] = []

    def fault(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        answer = forward()
        if call["method"] == "sendTransaction" and not lost:
            lost.append(answer)
            return None
        return answer

    with wire(network.url, fault) as url:
        somebody = await _pay(url, network)
    assert lost
    assert network.world.chain.balance(network.world.usd(somebody)) == 1


async def test_a_lost_transaction_is_sent_again_as_it_is(network: Network) -> None:
    """The transaction never arrives at first: the same bytes are sent again."""
    sent: list[object] = []

    def fault(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] != "sendTransaction":
            return forward()
        sent.append(call["params"][0])
        return None if len(sent) == 1 else forward()

    with wire(network.url, fault) as url:
        somebody = await _pay(url, network)
    assert len(sent) >= 2
    assert len(set(map(str, sent))) == 1
    assert network.world.chain.balance(network.world.usd(somebody)) == 1


async def test_it_is_signed_anew_only_when_its_block_hash_has_expired(network: Network) -> None:
    """150 blocks pass while it is lost: a second one is signed, and only that one executes."""
    sent: list[object] = []

    def fault(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] != "sendTransaction":
            return forward()
        sent.append(call["params"][0])
        return None if len(set(map(str, sent))) == 1 else forward()

    with wire(network.url, fault) as url:
        somebody = await _pay(url, network)
    assert len(set(map(str, sent))) == 2
    assert network.world.chain.balance(network.world.usd(somebody)) == 1


class Journal:
    """Keeps what was signed; `happened` says in which order."""

    def __init__(self) -> None:
        self.transactions: list[Signed] = []
        self.happened: list[str] = []

    async def signed(self, transaction: Signed) -> None:
        self.transactions.append(transaction)
        self.happened.append("signed")

    async def sent(self, transaction: Signed) -> None:
        assert transaction == self.transactions[-1]
        self.happened.append("sent")


SHORT = SendOptions(timeout_seconds=1)


async def test_what_was_written_down_is_gone_on_with(network: Network) -> None:
    """A send that times out although it landed: the same transaction is found, and none is signed anew."""
    world, somebody, journal = network.world, network.person("timed out"), Journal()

    def blind(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] == "getSignatureStatuses":
            return no_statuses(forward)
        if call["method"] == "sendTransaction":
            journal.happened.append("at the node")
            forward()
            return None
        return forward()

    with wire(network.url, blind) as url:
        async with connect(url) as client:
            with pytest.raises(NotConfirmed, match="it may still be; look it up before you try again"):
                await sending.send(client, [_paying(world, somebody)], [world.admin], SHORT, journal)
    assert journal.happened[:3] == ["signed", "at the node", "sent"]
    async with connect(network.url) as client:
        (written,) = journal.transactions
        again = Signed(written.raw, written.last_valid_block_height)
        sent = await sending.resume(client, again)
    assert sent is not None
    assert (sent.signature, sent.compute_units) == (written.signature, written.compute_units)
    assert world.chain.balance(world.usd(somebody)) == 1


async def test_what_was_never_sent_is_sent_while_it_can_land(network: Network) -> None:
    """Killed between the journal and the node: the same bytes are sent by whoever goes on."""
    world, somebody, journal = network.world, network.person("never sent"), Journal()

    class Killed(Exception):
        """As a kill would, in the test's own process."""

    async def killed(transaction: Signed) -> None:
        journal.transactions.append(transaction)
        raise Killed

    journal.signed = killed  # type: ignore[method-assign] # the moment of the kill
    async with connect(network.url) as client:
        with pytest.raises(Killed):
            await sending.send(client, [_paying(world, somebody)], [world.admin], journal=journal)
        assert world.chain.balance(world.usd(somebody)) == 0
        (written,) = journal.transactions
        fate = await sending.look_up(client, written.signature, written.last_valid_block_height)
        assert fate == sending.Fate(None, is_lost=False)
        sent = await sending.resume(client, written)
        assert sent is not None
        assert (await sending.resume(client, written)) == sent
    assert sent.signature == written.signature
    assert world.chain.balance(world.usd(somebody)) == 1


async def test_lost_is_said_only_by_a_node_that_knows_every_block_that_could_hold_it(network: Network) -> None:
    """One whose height is another's, and that has not come so far itself, says nothing; one that has, says lost."""
    ahead = 10**9
    answers: list[int] = []

    def behind(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        answer = json.loads(forward())
        if call["method"] == "getEpochInfo":
            answer["result"] |= {"absoluteSlot": ahead, "blockHeight": ahead}
        if call["method"] == "getSignatureStatuses":
            answers.append(answer["result"]["context"]["slot"])
        return json.dumps(answer).encode()

    unseen = Keypair().sign_message(b"never sent")
    with wire(network.url, behind) as url:
        async with connect(url) as client:
            assert await sending.look_up(client, unseen, 5) == sending.Fate(None, is_lost=False)
    assert len(answers) == 2
    assert max(answers) < ahead
    async with connect(network.url) as client:
        height = (await client.get_epoch_info(Finalized)).value.block_height
        assert await sending.look_up(client, unseen, height - 1) == sending.Fate(None, is_lost=True)
        # A block that is not final may still be replaced by one that holds it.
        final = (await client.get_block_height(Finalized)).value
        confirmed = (await client.get_block_height()).value
        assert final < confirmed
        assert not (await sending.look_up(client, unseen, confirmed)).is_lost


async def test_what_expired_unseen_is_never_sent_again(network: Network) -> None:
    """`resume` says None, and sends nothing."""
    world, somebody, calls = network.world, network.person("expired"), list[str]()

    def watched(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        calls.append(call["method"])
        return forward()

    with wire(network.url, watched) as url:
        async with connect(url) as client:
            draft = sending._Draft(client, [_paying(world, somebody)], [world.admin], sending.DEFAULT)
            recent = (await client.get_latest_blockhash()).value
            assert await sending.resume(client, Signed(draft.sign(recent.blockhash, 50_000), 1)) is None
    assert "sendTransaction" not in calls
    assert world.chain.balance(world.usd(somebody)) == 0


def _paying(world: World, somebody: Keypair) -> Instruction:
    return tokens.mint_to(
        mint=world.usd_mint, authority=world.admin.pubkey(), destination=world.usd(somebody), amount=1
    )


async def test_a_copy_that_was_faster_is_no_refusal(network: Network) -> None:
    """A way to the node that sends everything twice: what the second is refused for is that the first has landed."""
    world, poor = network.world, network.person("twice", usd=1)
    payment = tokens.transfer(source=world.usd(poor), destination=world.usd(world.admin), owner=poor.pubkey(), amount=1)

    def twice(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] == "sendTransaction":
            forward()
            time.sleep(5 * SLOT_MS / 1_000)
        return forward()

    with wire(network.url, twice) as url:
        async with connect(url) as client:
            await sending.send(client, [payment], [poor])
    assert world.chain.balance(world.usd(poor)) == 0


async def test_a_node_that_is_away_for_a_moment_is_asked_again(network: Network) -> None:
    """Reads are repeated, a bounded number of times."""
    calls: list[object] = []

    def fault(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        calls.append(call["method"])
        return None if len(calls) <= 2 else forward()

    with wire(network.url, fault) as url:
        async with connect(url) as client:
            assert await accounts.classes(client)
    assert len(calls) == 3


async def test_a_node_that_stays_away_is_named(network: Network) -> None:
    """The URL is in the message, but not the access key in it."""
    async with connect("http://somebody:secret@127.0.0.1:1/secret?key=secret") as client:
        with pytest.raises(Unreachable, match=r"cannot reach a Solana node at http://127\.0\.0\.1:1 ") as caught:
            await accounts.classes(client)
    assert "secret" not in str(caught.value)
    with wire(network.url, lambda _call, _forward: b"<html>hello</html>") as url:
        async with connect(url) as client:
            with pytest.raises(Unreachable, match="answers, but not as a Solana node"):
                await accounts.classes(client)
    with pytest.raises(Unreachable, match="'localhost' is no URL"):
        connect("localhost")


async def test_equal_transactions_at_once_are_all_done(network: Network) -> None:
    """Ten equal payments within one block hash are ten payments."""
    world, somebody = network.world, network.person("ten")
    paying = tokens.mint_to(
        mint=world.usd_mint, authority=world.admin.pubkey(), destination=world.usd(somebody), amount=USD
    )
    async with connect(network.url) as client:
        done = await asyncio.gather(*(sending.send(client, [paying], [world.admin]) for _ in range(10)))
    assert len({sent.signature for sent in done}) == 10
    assert world.chain.balance(world.usd(somebody)) == 10 * USD


async def test_limits_and_fees_are_as_asked(network: Network) -> None:
    """The limit is a little more than the simulation used; the priority fee is what was asked for."""
    world = network.world
    before = world.chain.lamports(world.admin.pubkey())
    opening = emission.open_rates(payer=world.admin.pubkey(), epoch=512 * 40)
    async with connect(network.url) as client:
        sent = await sending.send(client, [opening], [world.admin], SendOptions(priority_fee=1_000_000))
        found = (await client.get_transaction(sent.signature)).value
    assert found is not None
    meta = found.transaction.meta
    assert meta is not None
    used = meta.compute_units_consumed
    assert used is not None
    assert used * 1.1 < sent.compute_units < used * 1.15 + 2_000
    assert meta.fee == 5_000 + sent.compute_units
    assert world.chain.lamports(world.admin.pubkey()) < before


async def test_refusals_name_program_error_and_sentence(network: Network) -> None:
    """A program's error is its sentence; who failed first is who is named; nothing was sent."""
    world = network.world
    async with connect(network.url) as client:
        closing = emission.close_epochs(first=1, through=1)
        with pytest.raises(Refused, match="emission refused: The epoch's scores are not final") as caught:
            await sending.send(client, [closing], [world.admin])
        assert (caught.value.name, caught.value.code, caught.value.program) == ("ScoresNotFinal", 6213, "emission")

        poor = network.person("poor")
        payment = tokens.transfer(
            source=world.usd(poor), destination=world.usd(world.admin), owner=poor.pubkey(), amount=1
        )
        with pytest.raises(Refused, match="token refused: the token account holds less") as caught:
            await sending.send(client, [payment], [poor])
        assert caught.value.name == "InsufficientFunds"

        again = emission.open_rates(payer=world.admin.pubkey(), epoch=1)
        with pytest.raises(Refused, match="it exists already: this was done before"):
            await sending.send(client, [again], [world.admin])

        # A failure that only the block shows: without a simulation, and past the preflight's limit.
        with pytest.raises(Refused, match="compute units"):
            await sending.send(client, [closing], [world.admin], SendOptions(compute_units=300))


async def test_a_failure_in_the_block_is_explained_too(network: Network) -> None:
    """Where the preflight saw nothing: the status says that it failed, its logs by whom, a note which it was."""

    def fault(call: dict[str, Any], forward: Callable[[], bytes]) -> bytes | None:
        if call["method"] != "sendTransaction":
            return forward()
        call["params"][1]["skipPreflight"] = True
        return httpx.post(network.url, json=call).content

    poor = network.person("poorer")
    world = network.world
    payment = tokens.transfer(source=world.usd(poor), destination=world.usd(world.admin), owner=poor.pubkey(), amount=1)
    with wire(network.url, fault) as url:
        async with connect(url) as client:
            with pytest.raises(Refused, match="token refused: the token account holds less") as caught:
                await sending.send(client, [payment], [poor], SendOptions(compute_units=50_000))
    assert caught.value.__notes__[0].startswith("transaction ")


async def test_a_transaction_that_cannot_be_sent_is_refused_before(network: Network) -> None:
    """A missing signature and too many bytes are named."""
    world, stranger = network.world, Keypair()
    async with connect(network.url) as client:
        payment = tokens.transfer(
            source=world.usd(stranger), destination=world.usd(world.admin), owner=stranger.pubkey(), amount=1
        )
        options = SendOptions(compute_units=10_000)
        with pytest.raises(TransactionRefused, match=f"needs the signature of {stranger.pubkey()}"):
            await sending.send(client, [payment], [world.admin], options)
        many = [
            tokens.create_token_account(payer=world.admin.pubkey(), owner=Keypair().pubkey(), mint=world.usd_mint)
            for _ in range(40)
        ]
        with pytest.raises(TransactionRefused, match="more than 1232"):
            await sending.send(client, many, [world.admin], options)


async def test_a_faucet_funds(network: Network) -> None:
    """SOL asked for is there when the call returns."""
    somebody = Keypair().pubkey()
    async with connect(network.url) as client:
        await sending.fund(client, somebody, 1_000_000)
        assert (await client.get_balance(somebody)).value == 1_000_000
        with pytest.raises(Refused, match="too little SOL for its rent"):
            await sending.fund(client, Keypair().pubkey(), 5)


def test_the_keys_are_nowhere_in_what_is_said(network: Network, tmp_path: Path) -> None:
    """A refusal carries no byte of the signer's key."""
    key = network.person("secretive")
    said = network.refusal("secretive", "node", "list", "--class", "nothing")
    assert str(key) not in said
