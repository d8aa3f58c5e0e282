"""`ionet job call`, `forward`"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from client.cli.job.group import JobAddress
from client.cli.options import AsJson, KeypairFile, Url, address, settings, single
from client.cli.output import emit, note
from client.errors import IonetError

call_app, forward_app = single(), single()

_SAFE = "/?&=%:@!$'()*+,;~-._"
"""Of a path and its query, what stays as it is typed."""


@call_app.command()
def call(
    ctx: typer.Context,
    job: JobAddress,
    path: Annotated[str, typer.Argument(help="Of the service, with its query.", metavar="PATH")] = "/",
    method: Annotated[
        str | None, typer.Option("--method", "-X", help="Default: GET, or POST with --data.", metavar="NAME")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The body: text, @FILE, or @- for stdin.", metavar="TEXT|@FILE")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="Again for more.", metavar="NAME: VALUE")
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds to the beginning of the answer, and between its pieces.", min=1)
    ] = 60,
    limit_mb: Annotated[int, typer.Option("--limit-mb", help="Of the answer, MiB.", metavar="N", min=1)] = 256,
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask your job's service once; its answer goes to stdout. Exit code 1 where it answers 400 or more.

    With --json: `status`, `headers`, and `body` as text.
    """
    from machines.renting.bounds import Bounds
    from machines.renting.chain import OnChain, connected
    from machines.renting.machine import machine_at
    from machines.renting.telling import Teller
    from machines.renting.terminal import Sink
    from machines.renting.waiting import beside

    chosen, at = settings(ctx, url, keypair, as_json), address(job)
    body = _body(data)
    asked = method.upper() if method else "GET" if data is None else "POST"
    if not asked.isalpha():
        raise typer.BadParameter(f"{method!r} is no method: give one such as POST")
    headers, target = _headers(header or []), path if path.startswith("/") else f"/{path}"
    key, sink, read = chosen.keypair(), Sink(sys.stdout), bytearray()

    async def work() -> tuple[int, list[tuple[str, str]]]:
        with Teller() as tell:
            async with connected(chosen.url) as client:
                chain = OnChain(client, key, at, Bounds(node=0), tell)
                await chain.require_own()
                async with (
                    machine_at(chain, await chain.place()) as machine,
                    machine.call(asked, quote(target, safe=_SAFE), headers, body, timeout) as answer,
                ):
                    async for piece in answer.pieces(limit_mb << 20, timeout):
                        if chosen.as_json:
                            read.extend(piece)
                        else:
                            await beside(partial(sink.write, piece))
                    sink.end()
                    return answer.status, answer.headers

    status, told = asyncio.run(work())
    if chosen.as_json:
        emit({"status": status, "headers": told, "body": read.decode(errors="replace")})
    elif status >= 400:
        note(f"the service answers {status}")
    raise typer.Exit(0 if status < 400 else 1)


@forward_app.command()
def forward(
    ctx: typer.Context,
    job: JobAddress,
    listen: Annotated[
        str, typer.Option(help="Where to serve it; port 0 takes a free one.", metavar="HOST:PORT")
    ] = "127.0.0.1:8080",
    url: Url = None,
    keypair: KeypairFile = None,
    as_json: AsJson = False,
) -> None:
    """Serve your job's service on this machine, so that any tool can call it: each request is signed and passed on.

    Until Ctrl-C. Whoever reaches the address can use the service; web pages of others cannot.
    """
    from client.endpoints import parse_endpoint
    from machines.renting.forwarding import serve

    chosen, at = settings(ctx, url, keypair, as_json), address(job)
    host, port = parse_endpoint(listen, listens=True)

    def told(served: str) -> None:
        if chosen.as_json:
            emit({"job": str(at), "url": served})
            sys.stdout.flush()
        else:
            note(f"{served} is the service of job {at}, until Ctrl-C")

    asyncio.run(serve(chosen.url, chosen.keypair(), at, host, port, told))


def _body(data: str | None) -> bytes:
    from machines.renting.service import MAX_BODY

    if data is None:
        return b""
    try:
        if data == "@-":
            body = sys.stdin.buffer.read(MAX_BODY + 1)
        elif data.startswith("@"):
            with Path(data[1:]).expanduser().open("rb") as file:
                body = file.read(MAX_BODY + 1)
        else:
            body = data.encode(errors="surrogateescape")
    except OSError as failed:
        raise IonetError(f"{data[1:]} cannot be read: {failed.strerror}") from None
    if len(body) > MAX_BODY:
        raise IonetError(f"the body has over {MAX_BODY:,} bytes, the most that a node takes in one request")
    return body


def _headers(given: list[str]) -> dict[str, str]:
    headers = {}
    for one in given:
        name, is_there, value = one.partition(":")
        if not is_there or not name.strip() or not all(0x20 <= ord(character) < 0x7F for character in one):
            raise typer.BadParameter(f"{one!r} is no header: give NAME: VALUE, ASCII")
        headers[name.strip()] = value.strip()
    return headers
