"""Key files in the form of Solana's own tools: 64 numbers as JSON, readable by their owner alone.

No message and no exception of this module carries a byte of a file's content, nor of a key that was given in the
place of a file's name.
"""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

from solders.keypair import Keypair

from client import files
from client.errors import IonetError

_MAX_BYTES = 4_096
"""64 numbers in JSON take some 230 bytes."""


class KeyRefused(IonetError):
    """A key file that cannot be used, or made."""


def create(path: Path) -> Keypair:
    """Makes a new key and its file, mode 0600; never replaces anything that is there."""
    keypair = Keypair()
    save(path, keypair)
    return keypair


def save(path: Path, keypair: Keypair) -> None:
    """Writes a key to a new file, mode 0600; never replaces anything that is there."""
    path = path.expanduser()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as failed:
        raise KeyRefused(f"cannot make the key file {path}: {failed.strerror}") from None
    try:
        files.create(path, json.dumps(list(bytes(keypair))).encode())
    except FileExistsError:
        raise KeyRefused(f"{path} exists already and is not replaced: name another path") from None
    except OSError as failed:
        raise KeyRefused(f"cannot make the key file {path}: {failed.strerror}") from None


def load(path: Path) -> Keypair:
    """The key in a file that its owner alone can read."""
    if _is_key(str(path)):
        raise KeyRefused(
            "that is a secret key, not the name of its file: arguments are seen by others and kept by shells. Take "
            "what it holds to a new key (`ionet keygen`), then name that key's file"
        )
    path = path.expanduser()
    raw = _read(path)
    try:
        numbers = json.loads(raw)
    except (ValueError, RecursionError):  # the latter: brackets without end
        numbers = None
    if (
        not isinstance(numbers, list)
        or len(numbers) != 64
        or not all(type(n) is int and 0 <= n <= 255 for n in numbers)
    ):
        raise KeyRefused(f"{path} is no key file: it must hold a JSON list of 64 numbers from 0 to 255")
    try:
        return Keypair.from_bytes(bytes(numbers))
    except ValueError:
        raise KeyRefused(f"{path} is damaged: its secret and its address do not belong together") from None


def _is_key(name: str) -> bool:
    """Whether somebody gave a key itself: as its 64 numbers, or in base58 as wallets export it."""
    return bool(re.fullmatch(r"\s*\[[\d\s,]*\]?\s*|[1-9A-HJ-NP-Za-km-z]{85,88}", name))


def _read(path: Path) -> bytes:
    try:
        # O_NONBLOCK: a pipe in the file's place must not hang the command.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyRefused(
            f"there is no key file {path}: make one with `ionet keygen`, or name one with --keypair"
        ) from None
    except OSError as failed:
        if path.is_symlink():
            raise KeyRefused(f"{path} is a symbolic link: name the key file itself") from None
        raise KeyRefused(f"cannot read the key file {path}: {failed.strerror}") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise KeyRefused(f"{path} is no regular file")
        if found.st_uid not in (os.geteuid(), 0):
            raise KeyRefused(f"{path} belongs to another user: use a key file of your own")
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            raise KeyRefused(f"others can use the key file {path} (mode {mode:04o}): run `chmod 600 {path}`")
        if found.st_size > _MAX_BYTES:
            raise KeyRefused(f"{path} is no key file: it has {found.st_size} bytes")
        return os.read(handle, _MAX_BYTES)
    finally:
        os.close(handle)
