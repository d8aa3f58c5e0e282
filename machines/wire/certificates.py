"""The certificate with which a node's agent answers: self-signed, since its SHA-256 stands on the chain.

    ensure(folder, host) -> Certificate     makes it, or renews it in time

Key and certificate are one file, so that they are replaced together or not at all.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from client import files
from client.errors import IonetError

_FILE: Final = "certificate.pem"
_EARLY: Final = timedelta(hours=1)
"""Before it is made it is valid already, for clocks that are behind."""


class CertificateRefused(IonetError):
    """A certificate cannot be made, written or read."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server needs of its certificate, and what the chain does."""

    cert_file: Path
    """PEM."""
    key_file: Path
    """PEM, readable by its owner alone; the same file."""
    fingerprint: bytes
    """SHA-256 of the certificate's DER form, 32 bytes."""
    not_after: datetime
    """When it ends, UTC."""


def ensure(folder: Path, host: str, days: int = 90, renew_within_days: int = 30) -> Certificate:
    """The certificate in a folder; a new one where there is none, or it is for another host, damaged, or ends soon.

    `days`: how long a new one is valid. A new one has another fingerprint, which has to be announced on the chain.
    Raises CertificateRefused.
    """
    path = folder / _FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder):
            held = _read(path, host)
            if held is None or held.not_after - datetime.now(UTC) <= timedelta(days=renew_within_days):
                files.replace(path, _make(host, days))
                held = _read(path, host)
    except OSError as failed:
        raise CertificateRefused(f"cannot keep a certificate in {folder}: {failed.strerror}") from None
    if held is None:
        raise CertificateRefused(f"the certificate just written to {path} cannot be read back: check the disk")
    return held


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two agents that start at the same time end up with the same certificate."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path, host: str) -> Certificate | None:
    """The certificate in a file, if it is whole and for this host."""
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(pem, password=None)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return None  # damaged: replaced
    if _name(host) not in names or key.public_key() != certificate.public_key():
        return None
    path.chmod(0o600)  # also where somebody copied it
    return Certificate(path, path, certificate.fingerprint(hashes.SHA256()), certificate.not_valid_after_utc)


def _make(host: str, days: int) -> bytes:
    """A new key and its certificate, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ionet agent")])
    now = datetime.now(UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_name(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise CertificateRefused(f"{host!r} is no host: name an address or a domain") from None
