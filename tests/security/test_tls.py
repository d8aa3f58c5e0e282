"""What goes to a node over TLS goes to that node: who cannot prove to be it is asked nothing, and that is said."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from client import rpc
from client.cli.cautions import cautions
from client.errors import Unreachable
from indexer.node.rpc import open_rpc

SLOT = b'{"jsonrpc":"2.0","result":7,"id":%d}'
DAY = timedelta(days=1)


@dataclass
class Node:
    """A server of TLS that answers every question with a slot."""

    url: str
    certificate: Path
    asked: list[bytes]
    """What was read in the clear: what came past the handshake."""


def certificate(folder: Path, name: str, *, days: int = 10) -> Path:
    """A self-signed one for an address or a host name, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_address = name[0].isdigit()
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name)) if is_address else x509.DNSName(name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - 5 * DAY).not_valid_after(now + days * DAY)
    made = made.add_extension(names, critical=False).add_extension(x509.BasicConstraints(True, None), critical=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name} {days}.pem"
    file.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def serving(file: Path, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> AsyncIterator[Node]:
    """A node with this certificate, that speaks no newer TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
    if newest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            question = await reader.readexactly(length)
            asked.append(question)
            body = SLOT % (1 if b'"id":1' in question.replace(b" ", b"") else 0)
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield Node(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", file, asked)


async def by_client(url: str) -> int:
    """What commands ask with."""
    async with rpc.connect(url) as client:
        return int((await client.get_slot()).value)


async def by_indexer(url: str) -> int:
    """What the indexer asks with."""
    async with open_rpc(url) as node:
        return await node.slot()


ASKERS: list[Callable[[str], Awaitable[int]]] = [by_client, by_indexer]


@pytest.fixture(autouse=True)
def fresh() -> object:
    """What is trusted is read anew."""
    rpc.tls.cache_clear()
    yield
    rpc.tls.cache_clear()


@pytest.mark.parametrize("ask", ASKERS)
async def test_a_trusted_node_is_asked(
    ask: Callable[[str], Awaitable[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose issuer the environment names: the tests below refuse for no other reason."""
    async with serving(certificate(tmp_path, "127.0.0.1")) as node:
        monkeypatch.setenv("SSL_CERT_FILE", str(node.certificate))
        assert await ask(node.url) == 7


@pytest.mark.parametrize("ask", ASKERS)
@pytest.mark.parametrize(
    ("name", "days", "is_known", "why"),
    [
        ("127.0.0.1", 10, False, "self-signed certificate"),
        ("node.example", 10, True, "IP address mismatch"),
        ("127.0.0.1", -1, True, "certificate has expired"),
    ],
)
async def test_who_is_not_that_node_is_asked_nothing(
    ask: Callable[[str], Awaitable[int]],
    name: str,
    days: int,
    is_known: bool,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Self-signed by somebody, of another name, or out of date: refused at once, in a sentence that says why."""
    async with serving(certificate(tmp_path, name, days=days)) as node:
        if is_known:
            monkeypatch.setenv("SSL_CERT_FILE", str(node.certificate))
        with pytest.raises(Unreachable, match=f"certificate of {node.url} is not to be trusted.*{why}") as caught:
            await ask(node.url)
        assert "\n" not in str(caught.value)
        assert node.asked == []


@pytest.mark.parametrize("ask", ASKERS)
async def test_old_tls_is_not_spoken(
    ask: Callable[[str], Awaitable[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing before 1.2."""
    monkeypatch.setattr("indexer.node.rpc.ATTEMPTS", 1)
    async with serving(certificate(tmp_path, "127.0.0.1"), ssl.TLSVersion.TLSv1_1) as node:
        monkeypatch.setenv("SSL_CERT_FILE", str(node.certificate))
        assert rpc.tls().minimum_version >= ssl.TLSVersion.TLSv1_2
        with pytest.raises(Unreachable):
            await ask(node.url)
        assert node.asked == []


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://node.example:8899", True),
        ("http://1.1.1.1:8899", True),
        ("https://node.example:8899", False),
        *((f"http://{near}:8899", False) for near in ("127.0.0.1", "localhost", "10.0.0.5", "[::1]", "validator")),
    ],
)
def test_who_asks_in_the_clear_is_told(url: str, is_told: bool) -> None:
    """Where others are on the way; on this machine and in its own networks plain HTTP is what people use."""
    assert any("is not encrypted" in sentence for sentence in cautions(url, is_argument=False)) is is_told
