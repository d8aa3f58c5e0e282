"""WebSocket subscriptions: what a session listens to, and when it is told.

A notification is written when the transaction is executed, and waits until its block has reached the commitment of
the subscription. So the state shown at `finalized` is the state as of that block.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
from solders.account import Account
from solders.pubkey import Pubkey

from .chain import Chain
from .encoding import account_json, keyed_account_json
from .errors import RpcError, invalid_params
from .jsonrpc import Call
from .ledger import Commitment, TransactionRecord
from .methods.accounts import account_encoding, data_slice
from .methods.programs import Filter, filters
from .params import commitment, config, pubkey, sequence, signature, text, wrong_type


@dataclass(slots=True, eq=False)
class Subscription:
    """One subscription of one session."""

    number: int
    kind: str
    session: "Session"
    level: Commitment
    key: Any = None
    """Address or signature; None is everything."""
    encoding: str = "binary"
    part: tuple[int, int] | None = None
    filters: list[Filter] = field(default_factory=list)


class Subscriptions:
    """All subscriptions of all sessions."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._numbers = count()
        self._by_kind: dict[str, dict[int, Subscription]] = {
            kind: {} for kind in ("logs", "signature", "slot", "root", "account", "program")
        }
        # (level, slot) -> (subscription, account) -> value: of an account changed twice in a slot, the last state.
        self._waiting: dict[Commitment, dict[int, dict[tuple[int, Any], tuple[Subscription, Any]]]] = {
            Commitment.CONFIRMED: {},
            Commitment.FINALIZED: {},
        }
        chain.on_transaction.append(self._on_transaction)
        chain.on_block.append(self._on_block)

    def add(self, subscription: Subscription) -> None:
        """Begin to notify."""
        self._by_kind[subscription.kind][subscription.number] = subscription

    def next_number(self) -> int:
        """A number that no subscription has had."""
        return next(self._numbers)

    def remove(self, subscription: Subscription) -> None:
        """Stop to notify."""
        self._by_kind[subscription.kind].pop(subscription.number, None)
        subscription.session.own.pop(subscription.number, None)

    def notify(self, subscription: Subscription, slot: int, value: Any) -> None:
        """Tell the session. A signature is told of once."""
        if subscription.number not in self._by_kind[subscription.kind]:
            return
        plain = subscription.kind in ("slot", "root")
        # Notifications have no apiVersion in their context.
        result = value if plain else {"context": {"slot": slot}, "value": value}
        subscription.session.send(
            orjson.dumps(
                {
                    "jsonrpc": "2.0",
                    "method": f"{subscription.kind}Notification",
                    "params": {"result": result, "subscription": subscription.number},
                }
            )
        )
        if subscription.kind == "signature" and value != "receivedSignature":
            self.remove(subscription)

    def _on_transaction(self, record: TransactionRecord, keys: list[Pubkey]) -> None:
        kinds = self._by_kind
        for subscription in list(kinds["logs"].values()):
            if subscription.key is None or subscription.key in record.keys:
                value = {"signature": str(record.signature), "err": record.error, "logs": record.logs}
                self._tell(subscription, record.slot, record.sequence, value)
        for subscription in list(kinds["signature"].values()):
            if subscription.key == record.signature:
                self._tell(subscription, record.slot, None, {"err": record.error})
        if kinds["account"] or kinds["program"]:
            for index, key in enumerate(keys):
                if record.writable[index]:
                    self.account_changed(key, record.slot)

    def account_changed(self, key: Pubkey, slot: int) -> None:
        """Tell those who listen to an account or to its program."""
        account = self.chain.get_account(key)
        for subscription in list(self._by_kind["account"].values()):
            if subscription.key == key:
                shown = account_or_gone(account, subscription)
                self._tell(subscription, slot, key, shown)
        if account is None:
            return
        for subscription in list(self._by_kind["program"].values()):
            if subscription.key == account.owner and all(rule.admits(account) for rule in subscription.filters):
                value = keyed_account_json(key, account, subscription.encoding, subscription.part)
                self._tell(subscription, slot, key, value)

    def _tell(self, subscription: Subscription, slot: int, what: Any, value: Any) -> None:
        if subscription.level is Commitment.PROCESSED:
            self.notify(subscription, slot, value)
        else:
            waiting = self._waiting[subscription.level].setdefault(slot, {})
            waiting[subscription.number, what] = (subscription, value)

    def _on_block(self, parent: int, slot: int) -> None:
        ledger = self.chain.ledger
        root = ledger.slot_of(Commitment.FINALIZED)
        for subscription in list(self._by_kind["slot"].values()):
            self.notify(subscription, slot, {"parent": parent, "root": root, "slot": slot})
        for level, waiting in self._waiting.items():
            reached = ledger.slot_of(level)
            while waiting and (oldest := next(iter(waiting))) <= reached:
                for subscription, value in waiting.pop(oldest).values():
                    self.notify(subscription, oldest, value)


def account_or_gone(account: Account | None, subscription: Subscription) -> Any:
    """An account as a subscription shows it; one that is gone is empty."""
    return account_json(account or Account.default(), subscription.encoding, subscription.part)


class Session:
    """One WebSocket connection."""

    def __init__(self, subscriptions: Subscriptions, call: Call) -> None:
        self.outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.own: dict[int, Subscription] = {}
        self._subscriptions = subscriptions
        self._call = call
        self._methods: dict[str, Callable[[list[Any]], Any]] = {
            "accountSubscribe": self._account,
            "logsSubscribe": self._logs,
            "programSubscribe": self._program,
            "signatureSubscribe": self._signature,
            "slotSubscribe": lambda _: self._add("slot", {}),
        }
        for name in list(self._methods):
            self._methods[name.replace("Subscribe", "Unsubscribe")] = self._unsubscribe

    def send(self, message: bytes) -> None:
        """Put a message on its way."""
        self.outbox.put_nowait(message)

    def close(self) -> None:
        """End all subscriptions of this connection."""
        for subscription in list(self.own.values()):
            self._subscriptions.remove(subscription)

    def call(self, method: str, arguments: Any) -> Any:
        """Answer a call: subscriptions here, all else as over HTTP."""
        handler = self._methods.get(method)
        if handler is None:
            return self._call(method, arguments)
        if not isinstance(arguments, list):
            raise invalid_params("`params` should be an array")
        return handler(arguments)

    def _add(self, kind: str, options: dict[str, Any], key: Any = None, **shape: Any) -> int:
        number = self._subscriptions.next_number()
        subscription = Subscription(number, kind, self, commitment(options), key, **shape)
        self.own[number] = subscription
        self._subscriptions.add(subscription)
        return number

    def _account(self, arguments: list[Any]) -> int:
        key = _named("pubkey", pubkey, _first(arguments))
        options = config(_second(arguments), "struct RpcAccountInfoConfig")
        shape = {"encoding": account_encoding(options, "binary"), "part": data_slice(options)}
        return self._add("account", options, key, **shape)

    def _program(self, arguments: list[Any]) -> int:
        key = _named("pubkey", pubkey, _first(arguments))
        options = config(_second(arguments), "struct RpcProgramAccountsConfig")
        shape: dict[str, Any] = {"encoding": account_encoding(options, "binary"), "part": data_slice(options)}
        return self._add("program", options, key, filters=filters(options), **shape)

    def _logs(self, arguments: list[Any]) -> int:
        wanted, options = _first(arguments), config(_second(arguments), "struct RpcTransactionLogsConfig")
        if wanted in ("all", "allWithVotes"):
            return self._add("logs", options)
        if not isinstance(wanted, dict) or set(wanted) != {"mentions"}:
            if isinstance(wanted, str | dict):
                name = wanted if isinstance(wanted, str) else next(iter(wanted), "")
                raise invalid_params(
                    f"Invalid params: unknown variant `{name}`, expected one of `all`, `allWithVotes`, `mentions`."
                )
            raise wrong_type(wanted, "enum RpcTransactionLogsFilter")
        mentions = sequence(wanted["mentions"])
        if len(mentions) != 1:
            raise invalid_params("Invalid Request: Only 1 address supported")
        return self._add("logs", options, str(_named("mentions", pubkey, mentions[0])))

    def _signature(self, arguments: list[Any]) -> int:
        key = _named("signature", signature, _first(arguments))
        options = config(_second(arguments), "struct RpcSignatureSubscribeConfig")
        number = self._add("signature", options, key)
        chain = self._subscriptions.chain
        record = chain.ledger.by_signature.get(key)
        if record is not None:
            # Told after the answer with the number: the session's outbox gets this only once the call has returned.
            loop = asyncio.get_running_loop()
            loop.call_soon(self._already, self.own[number], record)
        return number

    def _already(self, subscription: Subscription, record: TransactionRecord) -> None:
        if record.slot <= self._subscriptions.chain.ledger.slot_of(subscription.level):
            self._subscriptions.notify(subscription, record.slot, {"err": record.error})
        else:
            self._subscriptions._tell(subscription, record.slot, None, {"err": record.error})

    def _unsubscribe(self, arguments: list[Any]) -> bool:
        subscription = self.own.get(_first(arguments))
        if subscription is None:
            raise RpcError(-32602, "Invalid subscription id.")
        self._subscriptions.remove(subscription)
        return True


def _first(arguments: list[Any]) -> Any:
    if not arguments:
        raise invalid_params("`params` should have at least 1 argument(s)")
    return arguments[0]


def _named(kind: str, read: Callable[[Any], Any], value: Any) -> Any:
    """Read an address or a signature; subscriptions refuse wrong ones in words of their own."""
    try:
        return read(text(value))
    except RpcError as error:
        if error.message.startswith("Invalid param:"):
            raise invalid_params(f"Invalid Request: Invalid {kind} provided") from None
        raise


def _second(arguments: list[Any]) -> Any:
    return arguments[1] if len(arguments) > 1 else None
