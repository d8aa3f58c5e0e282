"""Sends transactions and confirms them.

A transaction is signed once and the same bytes are sent again until its block hash expires: however often it is
sent, it executes once. It is signed anew only when the hash has expired and the chain has not seen it.

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

from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Processed
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
from client.rpc import url_of

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


async def send(
    client: AsyncClient,
    instructions: Sequence[Instruction],
    signers: Sequence[Keypair],
    options: SendOptions = DEFAULT,
) -> Sent:
    """Sends one transaction, of which the first signer pays the fee, and waits until it is confirmed.

    Raises `Refused` where a program or the chain refuses it, `Unreachable` where the node does not answer, and
    `NotConfirmed` where it never got into a block.
    """
    outbox = _Outbox(client, instructions, signers, options)
    return await outbox.send()


class _Outbox:
    """One transaction on its way."""

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
        self.deadline = time.monotonic() + options.timeout_seconds
        # The block hash is fetched at `confirmed`: an older bank would not know it.
        self.preflight = Processed if options.commitment == Processed else Confirmed

    async def send(self) -> Sent:
        signings = 0
        while signings < self.options.signings and time.monotonic() < self.deadline:
            signings += 1
            latest = (await self.client.get_latest_blockhash(Confirmed)).value
            limit = self.options.compute_units or await self._limit(latest.blockhash)
            if limit is None:  # the node did not know the hash that it gave: nothing was sent
                await asyncio.sleep(_LAST_POLL_SECONDS)
                continue
            transaction = self._sign(latest.blockhash, limit)
            status = await self._deliver(transaction, latest.last_valid_block_height)
            if status is not None:
                return Sent(transaction.signatures[0], status.slot, limit)
        raise NotConfirmed(
            f"the transaction was signed {signings} times and did not get into a block: "
            f"{url_of(self.client)} may be congested; run it again, perhaps with a priority fee"
        )

    def _budget(self, limit: int) -> list[Instruction]:
        budget = [set_compute_unit_limit(limit), _unique()]
        if self.options.priority_fee:
            budget.append(set_compute_unit_price(self.options.priority_fee))
        return budget

    def _message(self, blockhash: Hash, limit: int) -> Message:
        return Message.new_with_blockhash([*self._budget(limit), *self.instructions], self.payer, blockhash)

    def _sign(self, blockhash: Hash, limit: int) -> Transaction:
        message = self._message(blockhash, limit)
        wanted = message.account_keys[: message.header.num_required_signatures]
        missing = [str(key) for key in wanted if key not in self.keys]
        if missing:
            raise TransactionRefused(f"the transaction needs the signature of {', '.join(missing)}")
        transaction = Transaction([self.keys[key] for key in wanted], message, blockhash)
        size = len(bytes(transaction))
        if size > MAX_BYTES:
            raise TransactionRefused(f"the transaction has {size} bytes, more than {MAX_BYTES}: send less at once")
        return transaction

    async def _limit(self, blockhash: Hash) -> int | None:
        """The limit that a simulation suggests; None where the node does not know the hash."""
        unsigned = Transaction.new_unsigned(self._message(blockhash, MAX_COMPUTE_UNITS))
        answer = (await self.client.simulate_transaction(unsigned, commitment=self.preflight)).value
        if answer.err is None:
            used = answer.units_consumed or MAX_COMPUTE_UNITS
            return min(used + used * _MARGIN_PERCENT // 100 + _MARGIN_UNITS, MAX_COMPUTE_UNITS)
        if answer.err == TransactionErrorFieldless.BlockhashNotFound:
            return None
        raise self._refusal(answer.err, answer.logs)

    async def _deliver(self, transaction: Transaction, last_valid: int) -> TransactionStatus | None:
        """Sends one signed transaction until it is confirmed; None where it never can be."""
        raw, signature = bytes(transaction), transaction.signatures[0]
        delay, resend_at = _FIRST_POLL_SECONDS, 0.0
        may_have_landed = False
        while True:
            if time.monotonic() >= resend_at:
                if not await self._hand_over(raw, may_have_landed):
                    return None
                may_have_landed, resend_at = True, time.monotonic() + _RESEND_SECONDS
            status = await self._status(signature)
            if status is not None and _has_reached(status, self.options.commitment):
                return status
            if status is None and await self._has_expired(last_valid):
                status = await self._status(signature, history=True)
                if status is None:
                    return None
                if _has_reached(status, self.options.commitment):
                    return status
            if time.monotonic() > self.deadline:
                raise NotConfirmed(
                    f"transaction {signature} is not {self.options.commitment} after "
                    f"{self.options.timeout_seconds:.0f} s: it may still be; look it up before you try again"
                )
            await asyncio.sleep(delay)
            delay = min(delay * 1.5, _LAST_POLL_SECONDS)

    async def _hand_over(self, raw: bytes, may_have_landed: bool) -> bool:
        """Gives the transaction to the node; False where it is certain that it was not taken."""
        options = TxOpts(
            skip_confirmation=True,
            skip_preflight=may_have_landed,
            preflight_commitment=self.preflight,
            max_retries=0,
        )
        try:
            await self.client.send_raw_transaction(raw, options)
        except (Unreachable, SolanaRpcException):
            pass  # it may have got through all the same: the status will tell, or the block hash expires
        except RPCException as failed:
            answer = failed.args[0]
            if may_have_landed or isinstance(answer, NodeUnhealthyMessage):
                return True
            if not isinstance(answer, SendTransactionPreflightFailureMessage):
                raise IonetError(f"{url_of(self.client)} refused the transaction: {_message_of(answer)}") from failed
            if answer.data.err == TransactionErrorFieldless.BlockhashNotFound:
                return False
            raise self._refusal(answer.data.err, answer.data.logs) from None
        return True

    async def _status(self, signature: Signature, history: bool = False) -> TransactionStatus | None:
        answer = await self.client.get_signature_statuses([signature], search_transaction_history=history)
        status = answer.value[0]
        if status is not None and status.err is not None:
            raise self._refusal(status.err, await self._logs(signature), signature)
        return status

    async def _has_expired(self, last_valid: int) -> bool:
        return (await self.client.get_block_height(Confirmed)).value > last_valid

    async def _logs(self, signature: Signature) -> list[str] | None:
        """What the programs said; only makes an error plainer, so it must not make another."""
        with suppress(Unreachable, SolanaRpcException, RPCException):
            found = (await self.client.get_transaction(signature, commitment=Confirmed)).value
            meta = found.transaction.meta if found else None
            return list(meta.log_messages or ()) if meta else None
        return None

    def _refusal(self, err: object, logs: Sequence[str] | None, signature: Signature | None = None) -> Refused:
        refused = refusal(err, logs, [*self._budget(0), *self.instructions], self.payer)
        if signature is not None:
            refused.add_note(f"transaction {signature}")
        return refused


def _unique() -> Instruction:
    """Makes a transaction like no other, at no cost: a limit of loaded bytes that is higher than any need.

    `SetLoadedAccountsDataSizeLimit` of the compute budget program, which solders has no builder for: tag 4, u32.
    """
    most = _MOST_LOADED_BYTES - secrets.randbelow(_MOST_LOADED_BYTES // 2)
    return Instruction(COMPUTE_BUDGET, bytes([4]) + most.to_bytes(4, "little"), [])


def _message_of(answer: object) -> str:
    return str(getattr(answer, "message", answer))


async def fund(client: AsyncClient, address: Pubkey, lamports: int) -> None:
    """Asks a test chain's faucet for SOL, and waits for it. Real chains refuse."""
    try:
        signature = (await client.request_airdrop(address, lamports, Confirmed)).value
    except RPCException as failed:
        raise IonetError(f"{url_of(client)} gives no SOL: {_message_of(failed.args[0])}") from failed
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
