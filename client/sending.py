"""Sends transactions and confirms them.

A transaction is signed once and the same bytes are sent again until its block hash expires: however often it is
sent, it executes once. It is signed anew only when the hash has expired and the chain has not seen it. A journal writes
each one down before it is first sent; `resume` goes on with what was written down before a kill.

Two equal transactions under one block hash would be one to the chain, and the second would seem done: each carries a
number of its own, so that two deposits are two deposits, also from two processes at once.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Finalized, Processed
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.rpc.errors import NodeUnhealthyMessage, SendTransactionPreflightFailureMessage
from solders.signature import Signature
from solders.transaction import Transaction
from solders.transaction_status import TransactionErrorFieldless, TransactionStatus

from client.errors import IonetError, Refused, Unreachable, refusal
from client.rpc import reason, url_of

MAX_COMPUTE_UNITS = 1_400_000
MAX_BYTES = 1_232
"""Of a transaction on the wire."""

_MARGIN_PERCENT = 12
"""Over what the simulation used: the state may move on before the transaction executes."""
_MARGIN_UNITS = 1_000
_RESEND_SECONDS = 2.0
_FIRST_POLL_SECONDS = 0.03
_LAST_POLL_SECONDS = 0.5
_MOST_LOADED_BYTES = 64 << 20
"""What a transaction may load: the chain's own limit."""

_ORDER = ("processed", "confirmed", "finalized")
_NOT_FINAL = (TransactionErrorFieldless.AlreadyProcessed, TransactionErrorFieldless.BlockhashNotFound)
"""What a preflight may say of a transaction that is, or will be, on the chain: by a node that is ahead, or behind."""


class NotConfirmed(IonetError):
    """A transaction that was sent and never confirmed."""


class TransactionRefused(IonetError):
    """A transaction that cannot be sent as it is."""


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How to send."""

    commitment: Commitment = Confirmed
    """To be reached before a transaction counts as done."""
    priority_fee: int = 0
    """Micro-lamports for each compute unit."""
    compute_units: int | None = None
    """The limit; None sets it from a simulation."""
    signings: int = 3
    """How often to sign, each time after the block hash before has expired."""
    timeout_seconds: float = 180
    """For all of it."""


DEFAULT = SendOptions()


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that is on the chain and succeeded."""

    signature: Signature
    slot: int
    compute_units: int
    """The limit that it was given."""


@dataclass(frozen=True)
class Signed:
    """A signed transaction: what it takes to send it, and to know later what became of it."""

    raw: bytes
    """As it goes over the wire."""
    last_valid_block_height: int
    """Of the last block that can hold it."""

    @cached_property
    def transaction(self) -> Transaction:
        """It, decoded."""
        return Transaction.from_bytes(self.raw)

    @property
    def signature(self) -> Signature:
        """Its payer's, by which the chain names it."""
        return self.transaction.signatures[0]

    @property
    def compute_units(self) -> int:
        """The limit that it was given: its first instruction."""
        return int.from_bytes(self.transaction.message.instructions[0].data[1:5], "little")


class Journal(Protocol):
    """Writes down what is sent, so that a kill loses nothing."""

    async def signed(self, transaction: Signed) -> None:
        """Called before a transaction is first given to a node: where this raises, it never is. A second one, or a
        third, is signed when the one before has expired unseen."""

    async def sent(self, transaction: Signed) -> None:
        """Called after it was first given to a node, which may have taken it."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of a transaction that was sent, or that may have been."""

    status: TransactionStatus | None
    """None: no block that the node knows holds it."""
    is_lost: bool
    """It has expired unseen: no block ever will hold it."""


async def send(
    client: AsyncClient,
    instructions: Sequence[Instruction],
    signers: Sequence[Keypair],
    options: SendOptions = DEFAULT,
    journal: Journal | None = None,
) -> Sent:
    """Sends one transaction, of which the first signer pays the fee, and waits until it is confirmed.

    Raises `Refused` where a program or the chain refuses it, `Unreachable` where the node does not answer, and
    `NotConfirmed` where it never got into a block, or not yet into one that counts.
    """
    draft = _Draft(client, instructions, signers, options)
    deadline = time.monotonic() + options.timeout_seconds
    signings = 0
    while signings < options.signings and time.monotonic() < deadline:
        signings += 1
        latest = (await client.get_latest_blockhash(Confirmed)).value
        limit = options.compute_units or await draft.limit(latest.blockhash)
        if limit is None:  # the node did not know the hash that it gave: nothing was sent
            await asyncio.sleep(_LAST_POLL_SECONDS)
            continue
        signed = Signed(draft.sign(latest.blockhash, limit), latest.last_valid_block_height)
        if journal is not None:
            await journal.signed(signed)
        status = await _Delivery(client, signed, options, deadline, journal).run()
        if status is not None:
            return Sent(signed.signature, status.slot, limit)
    raise NotConfirmed(
        f"the transaction was signed {signings} times and did not get into a block: "
        f"{url_of(client)} may be congested; run it again, perhaps with a priority fee"
    )


def compose(
    instructions: Sequence[Instruction], payer: Pubkey, blockhash: Hash, limit: int, options: SendOptions = DEFAULT
) -> Message:
    """The message that `send` has signed: the instructions, and with them all that a transaction carries."""
    budget = [set_compute_unit_limit(limit), _unique()]
    if options.priority_fee:
        budget.append(set_compute_unit_price(options.priority_fee))
    return Message.new_with_blockhash([*budget, *instructions], payer, blockhash)


async def resume(client: AsyncClient, signed: Signed, options: SendOptions = DEFAULT) -> Sent | None:
    """Goes on with a transaction that may have been sent before: looks it up, and sends the same bytes again while
    its block hash lives. None where it has expired unseen: only then may something else be signed in its place.

    With `timeout_seconds=0` it looks once and sends once. Raises as `send` does.
    """
    deadline = time.monotonic() + options.timeout_seconds
    status = await _Delivery(client, signed, options, deadline, may_have_landed=True).run()
    return None if status is None else Sent(signed.signature, status.slot, signed.compute_units)


async def look_up(client: AsyncClient, signature: Signature, last_valid_block_height: int) -> Fate:
    """What became of a transaction, also long ago."""
    status = (await client.get_signature_statuses([signature], search_transaction_history=True)).value[0]
    if status is not None:
        return Fate(status, is_lost=False)
    final = (await client.get_epoch_info(Finalized)).value
    if final.block_height <= last_valid_block_height:
        return Fate(None, is_lost=False)
    # Every block that could hold it is final. The answer before may be older than that, or another node's that is
    # behind: only one that knows those blocks can say that it is in none of them.
    answer = await client.get_signature_statuses([signature], search_transaction_history=True)
    status = answer.value[0]
    return Fate(status, is_lost=status is None and answer.context.slot >= final.absolute_slot)


class _Draft:
    """A transaction that is not signed yet."""

    def __init__(
        self,
        client: AsyncClient,
        instructions: Sequence[Instruction],
        signers: Sequence[Keypair],
        options: SendOptions,
    ) -> None:
        self.client = client
        self.instructions = list(instructions)
        self.keys = {key.pubkey(): key for key in signers}
        self.payer = signers[0].pubkey()
        self.options = options

    def sign(self, blockhash: Hash, limit: int) -> bytes:
        """The bytes to send. Raises `TransactionRefused` where they are too many, or a signature is missing."""
        message = self._message(blockhash, limit)
        wanted = message.account_keys[: message.header.num_required_signatures]
        missing = [str(key) for key in wanted if key not in self.keys]
        if missing:
            raise TransactionRefused(f"the transaction needs the signature of {', '.join(missing)}")
        raw = bytes(Transaction([self.keys[key] for key in wanted], message, blockhash))
        if len(raw) > MAX_BYTES:
            raise TransactionRefused(f"the transaction has {len(raw)} bytes, more than {MAX_BYTES}: send less at once")
        return raw

    async def limit(self, blockhash: Hash) -> int | None:
        """The compute units that a simulation suggests; None where the node does not know the hash."""
        message = self._message(blockhash, MAX_COMPUTE_UNITS)
        unsigned = Transaction.new_unsigned(message)
        answer = (await self.client.simulate_transaction(unsigned, commitment=_preflight(self.options))).value
        if answer.err is None:
            used = answer.units_consumed or MAX_COMPUTE_UNITS
            return min(used + used * _MARGIN_PERCENT // 100 + _MARGIN_UNITS, MAX_COMPUTE_UNITS)
        if answer.err == TransactionErrorFieldless.BlockhashNotFound:
            return None
        raise _refusal(message, answer.err, answer.logs)

    def _message(self, blockhash: Hash, limit: int) -> Message:
        return compose(self.instructions, self.payer, blockhash, limit, self.options)


class _Delivery:
    """One signed transaction on its way."""

    def __init__(
        self,
        client: AsyncClient,
        signed: Signed,
        options: SendOptions,
        deadline: float,
        journal: Journal | None = None,
        *,
        may_have_landed: bool = False,
    ) -> None:
        self.client = client
        self.signed = signed
        self.signature = signed.signature
        self.options = options
        self.deadline = deadline
        self.journal = journal
        self.may_have_landed = may_have_landed

    async def run(self) -> TransactionStatus | None:
        """Sends the same bytes until they are confirmed; None where they never can be."""
        delay, resend_at = _FIRST_POLL_SECONDS, 0.0
        if not self.may_have_landed:
            await self._hand_over()
            self.may_have_landed, resend_at = True, time.monotonic() + _RESEND_SECONDS
            if self.journal is not None:
                await self.journal.sent(self.signed)
        while True:
            fate = await self._fate()
            if fate.is_lost:
                return None
            if fate.status is not None and _has_reached(fate.status, self.options.commitment):
                return fate.status
            if time.monotonic() >= resend_at:
                await self._hand_over()
                resend_at = time.monotonic() + _RESEND_SECONDS
            if time.monotonic() > self.deadline:
                raise NotConfirmed(
                    f"transaction {self.signature} is not {self.options.commitment} after "
                    f"{self.options.timeout_seconds:.0f} s: it may still be; look it up before you try again"
                )
            await asyncio.sleep(delay)
            delay = min(delay * 1.5, _LAST_POLL_SECONDS)

    async def _fate(self) -> Fate:
        """Raises `Refused` where it is in a block and failed."""
        recent = (await self.client.get_signature_statuses([self.signature])).value[0]
        fate = Fate(recent, is_lost=False)
        if recent is None:
            fate = await look_up(self.client, self.signature, self.signed.last_valid_block_height)
        if fate.status is not None and fate.status.err is not None:
            message = self.signed.transaction.message
            raise _refusal(message, fate.status.err, await self._logs(), self.signature)
        return fate

    async def _hand_over(self) -> None:
        """Gives the transaction to the node. Raises `Refused` where the node's simulation of a new one fails."""
        preflight = _preflight(self.options)
        options = TxOpts(True, skip_preflight=self.may_have_landed, preflight_commitment=preflight, max_retries=0)
        try:
            await self.client.send_raw_transaction(self.signed.raw, options)
        except (Unreachable, SolanaRpcException):
            pass  # it may have got through all the same: the status will tell, or the block hash expires
        except RPCException as failed:
            answer = failed.args[0]
            if self.may_have_landed or isinstance(answer, NodeUnhealthyMessage):
                return
            if not isinstance(answer, SendTransactionPreflightFailureMessage):
                raise IonetError(f"{url_of(self.client)} refused the transaction: {reason(failed)}") from failed
            if answer.data.err in _NOT_FINAL or await self._has_landed():
                return
            raise _refusal(self.signed.transaction.message, answer.data.err, answer.data.logs) from None

    async def _has_landed(self) -> bool:
        """Whether a copy of it, made on the way to the node, was faster: that is why it would fail now."""
        answer = await self.client.get_signature_statuses([self.signature], search_transaction_history=True)
        return answer.value[0] is not None

    async def _logs(self) -> list[str] | None:
        """What the programs said; only makes an error plainer, so it must not make another."""
        with suppress(Unreachable, SolanaRpcException, RPCException):
            found = (await self.client.get_transaction(self.signature, commitment=Confirmed)).value
            meta = found.transaction.meta if found else None
            return list(meta.log_messages or ()) if meta else None
        return None


def _preflight(options: SendOptions) -> Commitment:
    # The block hash is fetched at `confirmed`: an older bank would not know it.
    return Processed if options.commitment == Processed else Confirmed


def _refusal(message: Message, err: object, logs: Sequence[str] | None, signature: Signature | None = None) -> Refused:
    keys = message.account_keys
    # Their programs are all that it takes to say who refused.
    instructions = [Instruction(keys[one.program_id_index], one.data, []) for one in message.instructions]
    refused = refusal(err, logs, instructions, keys[0])
    if signature is not None:
        refused.add_note(f"transaction {signature}")
    return refused


def _unique() -> Instruction:
    """Makes a transaction like no other, at no cost: a limit of loaded bytes that is higher than any need.

    `SetLoadedAccountsDataSizeLimit` of the compute budget program, which solders has no builder for: tag 4, u32.
    """
    most = _MOST_LOADED_BYTES - secrets.randbelow(_MOST_LOADED_BYTES // 2)
    return Instruction(COMPUTE_BUDGET, bytes([4]) + most.to_bytes(4, "little"), [])


async def fund(client: AsyncClient, address: Pubkey, lamports: int) -> None:
    """Asks a test chain's faucet for SOL, and waits for it. Real chains refuse."""
    try:
        signature = (await client.request_airdrop(address, lamports, Confirmed)).value
    except RPCException as failed:
        raise IonetError(f"{url_of(client)} gives no SOL: {reason(failed)}") from failed
    deadline = time.monotonic() + DEFAULT.timeout_seconds
    while True:
        status = (await client.get_signature_statuses([signature])).value[0]
        if status is not None and status.err is not None:
            raise refusal(status.err, None, [], address)
        if status is not None and _has_reached(status, Confirmed):
            return
        if time.monotonic() > deadline:
            raise NotConfirmed(f"the SOL for {address} did not arrive: transaction {signature}")
        await asyncio.sleep(_FIRST_POLL_SECONDS)


def _has_reached(status: TransactionStatus, commitment: Commitment) -> bool:
    reached = str(status.confirmation_status).rpartition(".")[2].lower()
    return reached in _ORDER and _ORDER.index(reached) >= _ORDER.index(commitment)
