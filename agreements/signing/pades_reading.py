"""Reads the signatures of a PDF with pyHanko; runs only in the process apart. Facts only, no sentence.

pyHanko checks the cryptography, the chain of certificates and the byte ranges; what later revisions changed
is looked at by `agreements.signing.revisions`, since its own analysis takes minutes on a tagged document.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from typing import Any

from asn1crypto import pem, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import CMSExtractionError, UnacceptableSignerError
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    SignatureCoverageLevel,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from agreements.signing.revisions import Revision, same_beginning

MAX_SIGNATURES = 20
MAX_REVISIONS = 60
# What every signature has, always in clear.
TRACE = b"/ByteRange"
# Certificates for signing say one or the other; a certificate for a web site says neither of them alone.
KEY_USAGE = KeyUsageConstraints(
    key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False
)
COVERED = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


def read_signatures(files: list[bytes], options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the signatures of `files[1]` are, `files[0]` being our version.

    Options: `roots` (PEM texts), `at` (ISO moment at which certificates must be valid). Lines: {"file": …},
    then one {"signature": …} for each; {"refused": code} when the file cannot be examined.
    """
    version, signed = files
    moment = dt.datetime.fromisoformat(options["at"])
    roots = [certificate for text in options["roots"] for certificate in _certificates(text.encode())]
    try:
        reader = PdfFileReader(io.BytesIO(signed))
        signatures = list(reader.embedded_signatures)
        if len(signatures) > MAX_SIGNATURES or reader.xrefs.total_revisions > MAX_REVISIONS:
            yield {"refused": "heavy"}
            return
        if not signatures and TRACE in signed:
            # The remains of a signature, which no field leads to any more: not the same as none.
            yield {"refused": "unreadable"}
            return
        yield {"file": _file_facts(version, signed, reader) if signatures else {}}
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError):
        # Many a scanner writes a table of objects that the strict reader refuses: without any signature there
        # is nothing to establish. A signed file must be exact.
        yield {"file": {}} if _holds_no_signature(signed) else {"refused": "unreadable"}
        return
    for signature in signatures:
        yield {"signature": _signature_facts(signature, len(version), roots, moment)}


def _holds_no_signature(signed: bytes) -> bool:
    """Whether a tolerant reader finds no signature, and the file no trace of one."""
    if TRACE in signed:
        return False
    try:
        return not list(PdfFileReader(io.BytesIO(signed), strict=False).embedded_signatures)
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError):
        return False


def _certificates(text: bytes) -> Iterator[x509.Certificate]:
    for kind, _headers, der in pem.unarmor(text, multiple=True):
        if kind == "CERTIFICATE":
            yield x509.Certificate.load(der)


def _file_facts(version: bytes, signed: bytes, reader: PdfFileReader) -> dict[str, Any]:
    """Whether the file begins with our version, and what each later revision changed ({revision: codes})."""
    facts: dict[str, Any] = {
        "begins_with_version": signed.startswith(version),
        "beginning_sha256": hashlib.sha256(signed[: len(version)]).hexdigest(),
        "revisions": reader.xrefs.total_revisions,
        "trailing": bool(signed[signed.rfind(b"%%EOF") + len(b"%%EOF") :].strip()),
        "changes": {},
        "visible": 0,
    }
    if not facts["begins_with_version"]:
        return facts
    ours = PdfFileReader(io.BytesIO(version))
    if reader.xrefs.hybrid_xrefs_present or not same_beginning(ours, reader):
        facts["begins_with_version"] = False
        return facts
    facts["own_revisions"] = ours.xrefs.total_revisions
    own_revisions = ours.xrefs.total_revisions
    for number in range(own_revisions, reader.xrefs.total_revisions):
        revision = Revision(
            reader, number, own_revisions=own_revisions, first_free=int(ours.trailer["/Size"])
        )
        facts["visible"] += revision.visible
        facts["changes"][str(number)] = sorted(revision.changes)
    return facts


def _signature_facts(
    signature: EmbeddedPdfSignature, own_size: int, roots: list[x509.Certificate], moment: dt.datetime
) -> dict[str, Any]:
    is_timestamp = str(signature.sig_object_type) == "/DocTimeStamp"
    facts: dict[str, Any] = {
        "field": signature.field_name,
        "is_timestamp": is_timestamp,
        "revision": signature.signed_revision,
        "error": "",
    }
    context = ValidationContext(
        trust_roots=roots, allow_fetching=False, moment=moment, revocation_mode="soft-fail"
    )
    try:
        facts["signer"] = _signer(signature.signer_cert)
        docmdp = signature.docmdp_level
        facts["locks_document"] = docmdp is not None and docmdp.value == 1
        status: Any
        if is_timestamp:
            status = validate_pdf_timestamp(signature, context, skip_diff=True)
        else:
            status = validate_pdf_signature(signature, context, key_usage_settings=KEY_USAGE, skip_diff=True)
    except (
        *(PdfError, SignatureValidationError, CMSExtractionError, UnacceptableSignerError),
        *(ValueError, KeyError, TypeError, AttributeError, NotImplementedError),
    ) as error:
        return facts | {"error": type(error).__name__}
    start, length, *_rest = (int(number) for number in signature.byte_range)
    problem = status.trust_problem_indic
    path = status.validation_path
    facts |= {
        "intact": bool(status.intact),
        "valid": bool(status.valid),
        "covers_revision": status.coverage in COVERED,
        "covers_version": start == 0 and length >= own_size,
        "trusted": bool(status.trusted),
        "revoked": bool(status.revoked),
        "problem": problem.name if problem is not None else "",
        "root": _holder(path.trust_anchor.authority.name) if path is not None and status.trusted else "",
        "claimed_at": _iso(None if is_timestamp else status.signer_reported_dt),
        "stamped_at": "",
    }
    stamp = status if is_timestamp else status.timestamp_validity
    if stamp is not None and stamp.intact and stamp.valid and stamp.trusted:
        facts["stamped_at"] = _iso(stamp.timestamp)
    return facts


def _signer(certificate: x509.Certificate) -> dict[str, str]:
    subject = certificate.subject.native
    return {
        "name": _text(subject, "common_name"),
        "organisation": _text(subject, "organization_name"),
        "unit": _text(subject, "organizational_unit_name"),
        "title": _text(subject, "title"),
        "issuer": _holder(certificate.issuer),
        "serial": f"{certificate.serial_number:x}",
        "sha256": base64.b16encode(certificate.sha256).decode().lower(),
        "valid_from": _iso(certificate.not_valid_before),
        "valid_until": _iso(certificate.not_valid_after),
    }


def _holder(name: x509.Name) -> str:
    """An authority as people call it."""
    return _text(name.native, "common_name") or _text(name.native, "organization_name")


def _text(names: dict[str, Any], key: str) -> str:
    value = names.get(key, "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _iso(moment: dt.datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""
