"""Certificates as kubeadm makes them."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NOW = dt.datetime.now(dt.UTC)


class Authority:
    """Signs certificates, as kubeadm's does."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.certificate = self._signed(
            self.name, self.key.public_key(), [x509.BasicConstraints(ca=True, path_length=None)]
        )
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, name, *addresses, group=""):
        """A certificate for a name, as PEM, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [
            x509.DNSName(name.replace(":", "-")),
            *(x509.IPAddress(ip_address(one)) for one in addresses),
        ]
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if group:
            subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
        certificate = self._signed(
            x509.Name(subject), key.public_key(), [x509.SubjectAlternativeName(names)]
        )
        return (
            certificate.public_bytes(Encoding.PEM).decode(),
            key.private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            ).decode(),
        )

    def _signed(self, subject, public, extensions):
        builder = x509.CertificateBuilder(
            issuer_name=self.name,
            subject_name=subject,
            public_key=public,
            serial_number=x509.random_serial_number(),
            not_valid_before=NOW - dt.timedelta(days=1),
            not_valid_after=NOW + dt.timedelta(days=1),
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA256())
