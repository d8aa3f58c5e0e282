"""Where a node's agent answers, `host:port`: as text, and as the programs hold it. Pure functions."""

from __future__ import annotations

import re
from typing import NewType

from client.errors import IonetError

Endpoint = NewType("Endpoint", str)
"""`host:port`; the empty text where none was announced. What a stranger announced may be neither."""

ENDPOINT_BYTES = 64
MAX_PORT = (1 << 16) - 1
_ENDPOINT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|):([0-9]{1,5})")


class EndpointRefused(IonetError):
    """What cannot be an endpoint."""


def parse_endpoint(text: str, *, listens: bool = False) -> tuple[str, int]:
    """Host and port; the host of `[2001:db8::1]:9400` without its brackets. Raises `EndpointRefused`.

    `listens`: for who serves there; no host is every address of the machine, and port 0 any that is free.
    """
    found = _ENDPOINT.fullmatch(text)
    if not found or int(found[2]) > MAX_PORT or not (listens or (found[1] and int(found[2]))):
        raise EndpointRefused(f"{text!r} is no HOST:PORT: give one such as node.example.com:9400 or [2001:db8::1]:9400")
    return found[1].strip("[]"), int(found[2])


def join_endpoint(host: str, port: int) -> str:
    """The inverse: an address of IPv6 in its brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoint_bytes(text: str) -> bytes:
    """As the programs hold it: ASCII, padded with zeros to 64 bytes. Raises `EndpointRefused`."""
    parse_endpoint(text)
    if len(text) > ENDPOINT_BYTES:
        raise EndpointRefused(f"the endpoint {text} has {len(text)} characters: the chain holds {ENDPOINT_BYTES}")
    return text.encode().ljust(ENDPOINT_BYTES, b"\0")


def endpoint_text(raw: bytes) -> Endpoint:
    """The inverse. The programs take any printable ASCII, so what others announced may be no endpoint."""
    return Endpoint(raw.rstrip(b"\0").decode("ascii", "replace"))
