"""A million inputs: `uv run python -m tests.security.fuzz --inputs 1000000 [--seed 1] [--what events|answers]`.

Event bytes, read by both readers, and a node's answers, to client and indexer. It ends at the first input that crashes
one of them, and says which: the same seed makes the same inputs.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from tests.security import answers, events

_CHUNK = 10_000


def main() -> None:
    """Reads them, and says what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", choices=("events", "answers"), default="events")
    given = parser.parse_args()
    began, found = time.monotonic(), Counter[str]()
    if given.what == "events":
        for first in range(0, given.inputs, _CHUNK):
            found += events.run(given.seed + first, min(_CHUNK, given.inputs - first))
            _tell(found, time.monotonic() - began)
    else:
        with answers.stage() as recorded, quick():
            found = asyncio.run(answers.run(recorded, given.seed, given.inputs))
        _tell(found, time.monotonic() - began)


@contextmanager
def quick() -> Iterator[None]:
    """Nothing is asked again: what a recorded node says does not get better."""
    with (
        mock.patch("client.rpc._TRIES", 1),
        mock.patch("indexer.node.rpc.ATTEMPTS", 1),
        mock.patch("indexer.node.rpc.BUSY_ATTEMPTS", 1),
    ):
        yield


def _tell(found: Counter[str], seconds: float) -> None:
    print(f"{seconds:8.0f} s  {dict(found)}", flush=True)


if __name__ == "__main__":
    main()
