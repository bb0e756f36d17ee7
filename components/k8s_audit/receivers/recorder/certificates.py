"""The recorder's own certificate authority: made once, its key thrown away, a server and a client certificate kept."""

import datetime
import ipaddress
import os
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from k8s_audit.local_cluster.ports import LOOPBACK

LIFETIME = datetime.timedelta(days=3650)
"""A laptop's stack has nobody who renews; to renew, delete the recorder and bring it up again."""
CLOCK_SKEW = datetime.timedelta(hours=1)


def make(folder: Path) -> None:
    """Make `ca.crt`, `server.crt`, `server.key`, `client.crt` and `client.key` in a folder; all of them or none.

    Args:
        folder: must not exist yet; only its owner can read it.
    """
    aside = Path(tempfile.mkdtemp(prefix=".certificates-", dir=folder.parent))
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("k8s-audit recorder CA")
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    _write(aside / "ca.crt", ca.public_bytes(serialization.Encoding.PEM))
    for name, subject, purpose in (
        ("server", "recorder", ExtendedKeyUsageOID.SERVER_AUTH),
        ("client", "kube-apiserver", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = (
            _builder(_name(subject), ca_name, key.public_key(), ca_key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if name == "server":
            addresses = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
            leaf = leaf.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        _write(aside / f"{name}.crt", leaf.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        _write(aside / f"{name}.key", key.private_bytes(*pem))
    aside.rename(folder)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, pem: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
