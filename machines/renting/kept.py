"""What a renter needs to go on with a job later: its spec, where its inputs are, the token of its service."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from solders.pubkey import Pubkey

from client import files
from client.errors import IonetError
from machines.jobs.spec import Limits, Spec

FOLDER: Final = Path("~/.ionet/jobs")
_UNKNOWN_FILES_MB: Final = 1 << 20


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One job."""

    job: str
    """Its address, base58."""
    spec: Spec
    sources: dict[str, str]
    """The file of each input on this machine, by its SHA-256 in hexadecimal."""
    output: str
    """Folder for what it leaves."""
    token: str | None = None
    """Opens its service to whoever knows it."""
    is_known: bool = True
    """False where another machine began it, so that nothing is known of its spec."""


def path_of(job: Pubkey) -> Path:
    """The file of a job."""
    return FOLDER.expanduser() / f"{job}.json"


def keep(kept: Kept) -> Path:
    """Writes it down, for its owner alone; replaces what was there at once."""
    file = path_of(Pubkey.from_string(kept.job))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(file, msgspec.json.encode(kept))
    except OSError as failed:
        raise IonetError(
            f"{file} cannot be written, which is needed to go on with the job: {failed.strerror}"
        ) from None
    return file


def recall(job: Pubkey) -> Kept | None:
    """What was kept of a job; None where another machine opened it."""
    file = path_of(job)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except OSError as failed:
        raise IonetError(f"{file} cannot be read: {failed.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as damaged:
        raise IonetError(f"{file} is damaged ({damaged}): move it away; the job itself is on the chain") from None


def recall_or_guess(job: Pubkey) -> Kept:
    """As `recall`; of a job that another machine began, with limits that none has over."""
    limits = Limits(files_mb=_UNKNOWN_FILES_MB, log_kb=1 << 20, seconds=366 * 86_400)
    spec = Spec(command=["unknown"], limits=limits)
    return recall(job) or Kept(job=str(job), spec=spec, sources={}, output=f"ionet-{job}", is_known=False)
