"""The certificate of an agent: made once, renewed in time, never half."""

from __future__ import annotations

import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from machines.wire.certificates import CertificateRefused, ensure


def test_it_is_made_once(tmp_path: Path) -> None:
    """The same certificate is found again, whose key others cannot read and whose hash is that of its DER form."""
    made = ensure(tmp_path / "new" / "folder", "node.example")
    assert ensure(tmp_path / "new" / "folder", "node.example") == made
    der = ssl.PEM_cert_to_DER_cert(made.cert_file.read_text()[made.cert_file.read_text().index("-----BEGIN CERT") :])
    assert sha256(der).digest() == made.fingerprint
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert timedelta(days=89) < made.not_after - datetime.now(UTC) <= timedelta(days=90)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.cert_file, made.key_file)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "node.example"])
def test_another_host_has_another(tmp_path: Path, host: str) -> None:
    """A node that moves gets a new certificate, and keeps it."""
    before = ensure(tmp_path, "old.example")
    made = ensure(tmp_path, host)
    assert made.fingerprint != before.fingerprint
    assert ensure(tmp_path, host) == made


def test_it_is_renewed_in_time(tmp_path: Path) -> None:
    """One that ends within the days given is replaced; one that lasts longer is kept."""
    short = ensure(tmp_path, "node.example", days=31)
    assert ensure(tmp_path, "node.example", renew_within_days=30) == short
    renewed = ensure(tmp_path, "node.example", renew_within_days=31)
    assert renewed.fingerprint != short.fingerprint
    assert renewed.not_after - datetime.now(UTC) > timedelta(days=89)


@pytest.mark.parametrize("kept", [0, 100, 300, -100])
def test_a_damaged_one_is_replaced(tmp_path: Path, kept: int) -> None:
    """A file that was cut anywhere, or filled with something else, does not stop the agent."""
    made = ensure(tmp_path, "node.example")
    made.cert_file.write_bytes(made.cert_file.read_bytes()[:kept])
    again = ensure(tmp_path, "node.example")
    assert again.fingerprint != made.fingerprint
    assert ensure(tmp_path, "node.example") == again


def test_key_and_certificate_belong_together(tmp_path: Path) -> None:
    """Another's certificate behind one's own key is replaced."""
    mine, other = ensure(tmp_path / "a", "node.example"), ensure(tmp_path / "b", "node.example")
    key = mine.key_file.read_text().split("-----BEGIN CERT")[0]
    certificate = other.cert_file.read_text().split("-----END PRIVATE KEY-----\n")[1]
    mine.cert_file.write_text(key + certificate)
    assert ensure(tmp_path / "a", "node.example").fingerprint not in (mine.fingerprint, other.fingerprint)


def test_many_at_once_get_the_same(tmp_path: Path) -> None:
    """Agents that start at the same time in the same folder agree, and leave nothing else behind."""
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: ensure(tmp_path, "node.example").fingerprint, range(8)))
    assert made == {ensure(tmp_path, "node.example").fingerprint}
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "certificate.pem"]


def test_a_place_where_it_cannot_be_kept_is_named(tmp_path: Path) -> None:
    """A file where the folder should be, and a host that is none."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CertificateRefused, match=r"cannot keep a certificate in .*file"):
        ensure(tmp_path / "file", "node.example")
    with pytest.raises(CertificateRefused, match="no host"):
        ensure(tmp_path, "nöde.example")
