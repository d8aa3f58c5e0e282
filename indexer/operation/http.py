"""What the indexer answers over HTTP: /healthz, /livez, /metrics."""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from indexer.operation.alarms import KINDS, Kind
from indexer.operation.health import OF_DATABASE, Look, Watched
from indexer.operation.metrics import Metrics


def application(watched: Watched, metrics: Metrics) -> Starlette:
    """The application; it reads, and changes nothing."""

    async def healthz(_: Request) -> Response:
        look = await watched.look()
        return JSONResponse(report(look), status_code=503 if look.problems else 200)

    async def livez(_: Request) -> Response:
        alive = watched.is_alive()
        return JSONResponse({"alive": alive}, status_code=200 if alive else 503)

    async def figures(_: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/livez", livez), Route("/metrics", figures)])


def report(look: Look) -> dict[str, Any]:
    """A look as JSON: each check with `ok` (null: not known), and the reason where it is not."""
    checks = {kind: _check(look, kind) for kind in KINDS}
    status = look.status
    return {
        "healthy": not look.problems,
        "checks": checks,
        "slot": look.stored.slot if look.stored else None,
        "finalized_slot": look.tip.slot if look.tip else None,
        "lag_slots": status.lag_slots if status else None,
        "lag_seconds": status.lag_seconds if status else None,
    }


def _check(look: Look, kind: Kind) -> dict[str, Any]:
    if kind in look.problems:
        return {"ok": False, "reason": look.problems[kind]}
    unknown = (look.stored is None and kind in OF_DATABASE) or (look.tip is None and kind == "lag")
    return {"ok": None, "reason": "not known while database or node do not answer"} if unknown else {"ok": True}
