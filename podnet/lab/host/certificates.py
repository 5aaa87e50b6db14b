"""The certificate authority that instances trust for the AWS endpoints that the lab serves."""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAIN = "amazonaws.com"
YEARS = timedelta(days=3650)
MONTHS = timedelta(days=365)
EARLIER = timedelta(days=1)
"""Certificates are valid from a day before their creation, in case a clock is behind."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The files of an authority."""

    certificate: Path
    key: Path

    def context(self, names: Iterable[str]) -> ssl.SSLContext:
        """A context for a server of these names, with a new certificate that is on no disk."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signer = serialization.load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101  # `_create` writes no other
        names = sorted(names)
        certificate = (
            _builder(names[0], key.public_key(), issuer.subject, MONTHS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
            .sign(signer, hashes.SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # The interface of OpenSSL wants a file; this one is in memory and has no name.
        with os.fdopen(os.memfd_create("lab"), "wb") as file:
            file.write(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
        return context


def ensure(directory: Path) -> Authority:
    """The authority of the images in this directory, created if there is none.

    It can sign for names of AWS only, so that a stolen key cannot pose as anything else to the
    instances of the lab; nothing else trusts it.
    """
    place = directory / "authority"
    while not place.is_dir():
        draft = directory / f"authority.{secrets.token_hex(3)}.new"
        draft.mkdir(parents=True)
        _create(draft)
        with suppress(OSError):  # exactly one of several first callers wins
            draft.rename(place)
            break
        for file in draft.iterdir():
            file.unlink()
        draft.rmdir()
    return Authority(place / "ca.crt", place / "ca.key")


def _create(place: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "podnet lab")])
    only = x509.NameConstraints([x509.DNSName(DOMAIN)], None)
    certificate = (
        _builder("podnet lab", key.public_key(), name, YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(only, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_signs_certificates(), critical=True)
        .sign(key, hashes.SHA256())
    )
    descriptor = os.open(place / "ca.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_pem(key))
    (place / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + life)
    )


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
