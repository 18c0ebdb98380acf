"""A certification authority of the tests, the people that it vouches for, and their PAdES signatures."""

from __future__ import annotations

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, fields, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = dt.datetime(2030, 6, 15, 12, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Authority:
    """A self-signed root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def authority(name: str = "Autorité de certification d’essai") -> Authority:
    """The root called `name`, the same one all along the tests."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(subject, subject, key.public_key(), days=3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


@cache
def signer(name: str, *, by: Authority | None = None, days: int = 900) -> SimpleSigner:
    """Somebody whose certificate `by` (the tests' authority unless told otherwise) signed."""
    issuer = by or authority()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Institution d’essai"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    certificate = (
        _builder(subject, issuer.certificate.subject, key.public_key(), days=days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(content_commitment=True, digital_signature=True), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )
    store = SimpleCertificateStore()
    store.register(_asn1(issuer.certificate))
    return SimpleSigner(
        signing_cert=_asn1(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(
            key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        ),
        cert_registry=store,
    )


def signed(content: bytes, *names: str, by: Authority | None = None, visible: bool = False) -> bytes:
    """`content` with one PAdES signature after the other, by the people called `names`."""
    for name in names:
        content = signed_by(content, signer(name, by=by), field=f"Signature {name}", visible=visible)
    return content


def signed_by(
    content: bytes,
    who: SimpleSigner,
    *,
    field: str = "Signature",
    visible: bool = False,
    locked: bool = False,
) -> bytes:
    """`content` with the PAdES signature of `who`; `locked` forbids anything after it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    metadata = PdfSignatureMetadata(
        field_name=field,
        subfilter=fields.SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=locked,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES if locked else fields.MDPPerm.FILL_FORMS,
    )
    spec = fields.SigFieldSpec(field, on_page=0, box=(40, 40, 200, 90) if visible else None)
    # pyHanko runs an event loop of its own; the thread of the browser tests has Playwright's.
    with ThreadPoolExecutor(max_workers=1) as apart:
        output = apart.submit(sign_pdf, writer, metadata, signer=who, new_field_spec=spec).result()
    result: bytes = output.getvalue()
    return result


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, *, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=3650))
        .not_valid_after(NOW + dt.timedelta(days=days))
    )


def _usage(**true: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**(dict.fromkeys(names, False) | true))


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
