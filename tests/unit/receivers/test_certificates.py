import datetime
import ssl
from threading import Event

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources.receiver_certificate import (
    RENEWAL,
    ReceiverCertificateInputs,
    ReceiverCertificateResource,
)

NAMES = ["shield.sysdig.svc", "localhost", "127.0.0.1"]
CONTEXT = Context(Event(), print)
RESOURCE = ReceiverCertificateResource()


def made(names: list[str] = NAMES) -> dict[str, str]:
    return RESOURCE.create(CONTEXT, "shield-certificate", ReceiverCertificateInputs(names=names))[1]


def test_its_certificate_is_signed_by_its_authority_for_its_names_and_fits_its_key() -> None:
    outputs = made()
    ca = x509.load_pem_x509_certificate(outputs["ca"].encode())
    certificate = x509.load_pem_x509_certificate(outputs["certificate"].encode())
    certificate.verify_directly_issued_by(ca)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == NAMES[:2]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == NAMES[2:]
    key = load_pem_private_key(outputs["key"].encode(), None)
    assert key.public_key() == certificate.public_key()
    ssl.create_default_context(cadata=outputs["ca"])


def test_it_stays_while_its_names_stay_and_its_end_is_far() -> None:
    outputs = made()
    assert not RESOURCE.stale(outputs)
    kept = RESOURCE.preview(ReceiverCertificateInputs(names=NAMES), outputs)
    assert kept["certificate"] == outputs["certificate"]
    assert not RESOURCE.preview(ReceiverCertificateInputs(names=["other"]), outputs)


def test_it_is_made_anew_a_year_before_its_end() -> None:
    now = datetime.datetime.now(datetime.UTC)
    near = made() | {"notAfter": (now + RENEWAL - datetime.timedelta(days=1)).isoformat()}
    assert RESOURCE.stale(near) == ["notAfter"]
    assert not RESOURCE.preview(ReceiverCertificateInputs(names=NAMES), near)
    renewed = RESOURCE.update(CONTEXT, "id", ReceiverCertificateInputs(names=NAMES), near)
    assert renewed["certificate"] != near["certificate"]


def test_its_key_is_a_secret() -> None:
    assert RESOURCE.secrets == {"key"}
