"""Licence expressions of SPDX, as far as packages use them."""

from __future__ import annotations

import re
from collections.abc import Collection

_TOKEN = re.compile(r"\(|\)|[^\s()]+")


def allows(expression: str, allowed: Collection[str]) -> bool:
    """Whether the licences in `allowed` are enough: one of those joined by OR, all of those joined by AND.

    `MIT/Apache-2.0`, an old way to write OR, is read as such. Raises `ValueError` on what is no expression.
    """
    tokens = _TOKEN.findall(expression.replace("/", " OR "))
    verdict, rest = _either(tokens, allowed)
    if rest:
        raise ValueError(f"{expression!r} is no licence expression")
    return verdict


def _either(tokens: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    verdict, tokens = _both(tokens, allowed)
    while tokens[:1] == ["OR"]:
        other, tokens = _both(tokens[1:], allowed)
        verdict = verdict or other
    return verdict, tokens


def _both(tokens: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    verdict, tokens = _one(tokens, allowed)
    while tokens[:1] == ["AND"]:
        other, tokens = _one(tokens[1:], allowed)
        verdict = verdict and other
    return verdict, tokens


def _one(tokens: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    if not tokens or tokens[0] in ("OR", "AND", "WITH", ")"):
        raise ValueError("a licence is missing in the expression")
    if tokens[0] == "(":
        verdict, rest = _either(tokens[1:], allowed)
        if rest[:1] != [")"]:
            raise ValueError("a bracket is not closed in the licence expression")
        return verdict, rest[1:]
    name, rest = tokens[0], tokens[1:]
    if rest[:1] == ["WITH"]:
        name, rest = " ".join([name, *rest[:2]]), rest[2:]
    return name in allowed, rest
