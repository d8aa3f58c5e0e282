"""What is said of a URL before it is used: who else can read it, or what goes over it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from client.rpc import shown


def cautions(url: str, *, is_argument: bool) -> Iterator[str]:
    """Sentences, each of one thing that its giver may not know; none of them holds a secret."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return  # who connects to it says what is wrong
    if is_argument and (parts.username or parts.query or parts.path.strip("/")):
        yield (
            f"careful: what you gave to --url beside {shown(url)} may be an access key, and others on this machine can "
            "read the arguments of your commands: put it into IONET_URL"
        )
    if parts.scheme == "http" and not _is_near(host):
        yield (
            f"careful: {shown(url)} is not encrypted: who is on the way can read what you ask and send, and answer in "
            "the node's place. Use an https:// URL"
        )


def _is_near(host: str) -> bool:
    """Whether a host is this machine or one of a network of its own, such as a container's neighbour."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".lan"))
    return address.is_private or address.is_loopback or address.is_link_local
