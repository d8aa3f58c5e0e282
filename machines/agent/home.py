"""The agent's folder: its key, which node it is, its certificate, its jobs. One agent at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import files, keys
from client.errors import IonetError

DEFAULT: Final = Path("~/.ionet/agent")


class Identity(msgspec.Struct, frozen=True):
    """Who the agent works for."""

    node: str
    """The node's actor, base58."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Home:
        """The folder, made where it is missing, for its owner alone."""
        path = path.expanduser().absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Jobs run as users of their own, who must get through to their folders and see nothing else.
            path.chmod(0o711)
            (path / "jobs").mkdir(mode=0o711, exist_ok=True)
        except OSError as failed:
            raise IonetError(f"the agent's folder {path} cannot be used: {failed.strerror}") from None
        return cls(path)

    @property
    def jobs(self) -> Path:
        """A folder for each job, by its address."""
        return self.path / "jobs"

    @property
    def tls(self) -> Path:
        """The certificate and its key."""
        return self.path / "tls"

    def key(self) -> Keypair:
        """The agent's own key, made at the first start. It can report work and announce, and move no money."""
        file = self.path / "agent-key.json"
        return keys.load(file) if file.exists() else keys.create(file)

    def identity(self) -> Identity | None:
        """None before the node is known."""
        try:
            raw = (self.path / "node.json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = msgspec.json.decode(raw, type=Identity)
            Pubkey.from_string(found.node)
        except (msgspec.MsgspecError, ValueError) as damaged:
            raise IonetError(
                f"{self.path / 'node.json'} is damaged ({damaged}): delete it, and name the node with --node"
            ) from None
        return found

    def remember(self, node: Pubkey) -> None:
        """Writes down which node this is."""
        files.replace(self.path / "node.json", msgspec.json.encode(Identity(str(node))))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While this process is the only agent of this folder; refused where another is."""
        with open(self.path / "lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise IonetError(f"another agent runs with the folder {self.path}: stop it, or name another") from None
            yield
