"""One transaction as a form: its text, and where in it stand the people, the amounts, the times and the signature.

Every text that is filled in is as wide as what stood there before, so a thousand copies are a table of bytes.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from struct import calcsize
from typing import Any, Final

import based58
import numpy as np
from numpy.typing import NDArray

from indexer.decoding import layouts
from indexer.decoding.layouts import Column
from tests.bench import base58
from tests.bench.base58 import ADDRESS, Bytes

Numbers = NDArray[Any]
"""Whole numbers: one for each copy, or one for each copy and each event of a kind in it."""

_VECTORS: Final = {"record_challenges": (40, "oracle", "Measurement"), "post_scores": (12, "emission", "Score")}
"""Where in these instructions' data the count of their rows stands, and of which type these are."""
_COMMITMENT: Final = {"epoch": (8, "<u4"), "round": (12, "<u2")}
"""Where these stand in the data of `commit_challenge`."""


def address(what: str, numbers: Numbers) -> Bytes:
    """The 32 bytes of each one's address: the same for the same kind and number, and 44 characters long."""
    salt = np.frombuffer(sha256(what.encode()).digest(), "<u8")
    mixed = (numbers.astype(np.uint64)[:, None] + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + salt
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    raw = (mixed ^ (mixed >> np.uint64(31))).view(np.uint8)
    raw[:, 0] |= 0x40
    return raw


def _address_of(what: str, whose: str, numbers: Mapping[str, Numbers]) -> Bytes:
    # `node` and `node 7` are nodes, the first and another one of a transaction.
    return address(f"{what} of a {whose.split()[0]}", numbers[whose])


def texts(raw: Bytes) -> Bytes:
    """Addresses in base58."""
    return base58.encode(raw, ADDRESS)


@dataclass(frozen=True)
class _Data:
    """The data of one call that differs between copies."""

    raw: Bytes
    width: int
    """Characters."""
    people: list[tuple[int, tuple[str, str]]]
    """Where each address begins, and whose it is."""
    numbers: list[tuple[int, np.dtype[Any], str, int]]
    """Where each begins, its type, its name (`JobSettled.gross`), and the place of its event among those of a kind."""


class Form:
    """A kind of transaction."""

    def __init__(self, name: str, transaction: dict[str, Any], people: Mapping[str, tuple[str, str]]) -> None:
        self.events = self.records = 0
        """How many `emit_cpi!` events are in one, and how many rows of records."""
        self.name = name
        self._fills: dict[str, str] = {}
        """The text that marks a place to be filled in, by what goes there."""
        self._data: dict[str, _Data] = {}
        self._people: dict[str, tuple[str, str]] = {}
        self._places: dict[str, list[int]] = defaultdict(list)
        self._marks = count()
        self._seen: dict[str, int] = defaultdict(int)
        transaction = deepcopy(transaction)
        keys = transaction["transaction"]["message"]["accountKeys"]
        known = {key: people[key] for key in keys if key in people}
        known |= {key: person for key, person in people.items() if name in _VECTORS}
        self._find_data(transaction, keys, known)
        transaction["transaction"]["signatures"] = [
            self._mark("signature" if number == 0 else f"signature {number}", 2 * ADDRESS)
            for number, _ in enumerate(transaction["transaction"]["signatures"])
        ]
        text = json.dumps(transaction, separators=(",", ":"))
        for key, person in known.items():
            if key in text:
                what = f"{person[0]} of {person[1]}"
                self._people[what] = person
                text = text.replace(key, self._mark(what, ADDRESS))
        for what, mark in self._fills.items():
            self._places[what] = [found.start() for found in re.finditer(re.escape(mark), text)]
        self._text = np.frombuffer(text.encode(), np.uint8)
        self.bytes = len(self._text)

    @property
    def whose(self) -> set[str]:
        """Who takes part in one: `node`, `user`, `job` …"""
        filled = {person[1] for data in self._data.values() for _, person in data.people}
        return filled | {person[1] for person in self._people.values()}

    def copies(
        self, random: np.random.Generator, copies: int, numbers: Mapping[str, Numbers], values: Mapping[str, Numbers]
    ) -> Bytes:
        """So many of them, a row each. `numbers`: who takes part in each; `values`: by names as `JobSettled.gross`;
        `at` goes into every event that has it.
        """
        table = np.empty((copies, self.bytes), np.uint8)
        table[:] = self._text
        for what, places in self._places.items():
            if what.startswith("signature"):
                filled = base58.signatures(random, copies)
            elif what in self._data:
                filled = self._encoded(self._data[what], copies, numbers, values)
            else:
                role, whose = self._people[what]
                filled = texts(_address_of(role, whose, numbers))
            for place in places:
                table[:, place : place + filled.shape[1]] = filled
        return table

    def _encoded(
        self, data: _Data, copies: int, numbers: Mapping[str, Numbers], values: Mapping[str, Numbers]
    ) -> Bytes:
        raw = np.empty((copies, len(data.raw)), np.uint8)
        raw[:] = data.raw
        for place, (role, whose) in data.people:
            raw[:, place : place + 32] = _address_of(role, whose, numbers)
        for place, kind, name, nth in data.numbers:
            given = values.get(name, values["at"] if name.endswith(".at") else None)
            if given is not None:
                column = given[:, nth] if given.ndim == 2 else given
                filled = column.astype(kind).view(np.uint8).reshape(copies, kind.itemsize)
                raw[:, place : place + kind.itemsize] = filled
        return base58.encode(raw, data.width)

    def _mark(self, what: str, width: int) -> str:
        return self._fills.setdefault(what, f"<{next(self._marks)}>".ljust(width, "_"))

    def _find_data(self, transaction: dict[str, Any], keys: list[str], known: Mapping[str, tuple[str, str]]) -> None:
        """Puts marks for the data of every call that is read: events, records."""
        if transaction["meta"]["err"] is not None:
            return
        inner = [call for group in transaction["meta"]["innerInstructions"] for call in group["instructions"]]
        for call in [*transaction["transaction"]["message"]["instructions"], *inner]:
            program = layouts.programs().get(keys[call["programIdIndex"]])
            if program is None:
                continue
            raw = based58.b58decode(call["data"].encode())
            if raw[:8] == layouts.EVENT_TAG:
                event = program.events[raw[8:16]]
                found = self._numbers_of(event.name, event.layout.columns, 16)
                self.events += 1
            elif raw[:8] in [program.instructions.get(name) for name in _VECTORS]:
                at, owner, type_name = _VECTORS[self.name]
                columns = layouts.struct_layout(owner, type_name).columns
                size = sum(calcsize(f"<{column.code}") for column in columns)
                rows = int.from_bytes(raw[at : at + 4], "little")
                found = [
                    entry for row in range(rows) for entry in self._numbers_of(type_name, columns, at + 4 + row * size)
                ]
                if at == 12:
                    found.append((8, np.dtype("<u4"), f"{self.name}.epoch", 0))
                self.records += rows
            elif raw[:8] == program.instructions.get("commit_challenge"):
                found = [(at, np.dtype(kind), f"{self.name}.{what}", 0) for what, (at, kind) in _COMMITMENT.items()]
                self.records += 1
            else:
                continue
            whose = [(raw.find(based58.b58decode(key.encode())), person) for key, person in known.items()]
            what = f"data {len(self._data)}"
            self._data[what] = _Data(
                np.frombuffer(raw, np.uint8),
                len(call["data"]),
                [(place, person) for place, person in whose if place >= 0],
                found,
            )
            call["data"] = self._mark(what, len(call["data"]))

    def _numbers_of(self, name: str, columns: tuple[Column, ...], at: int) -> list[tuple[int, np.dtype[Any], str, int]]:
        nth, found = self._seen[name], []
        self._seen[name] += 1
        for column in columns:
            size = calcsize(f"<{column.code}") * column.places
            kind = f"V{size}" if column.code.endswith("s") else f"<{np.dtype(column.code).str[1:]}"
            if column.places == 1:
                found.append((at, np.dtype(kind), f"{name}.{column.name}", nth))
            at += size
        return found
