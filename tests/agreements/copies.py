"""Signed copies of the tests: a contract whose text all agreed to, printed, signed, handed in, examined."""

from __future__ import annotations

import io
from collections.abc import Sequence

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.actions.signature_files import deposit_signed_file
from agreements.actions.signed_files import KIND
from agreements.models import ContractVersion, SignedFile, SignedFileKind
from cdppe.accounts.models import User
from cdppe.documents.actions.jobs import run_job
from cdppe.documents.models import RenderJob
from contracts.models import ContractParty
from contracts.workflow import ContractState
from tests.agreements.conftest import Table
from tests.agreements.pdfs import pictures, scan_of, sealed
from tests.agreements.printed import printed

NAMES = {"council": "Jeanne Bonnet", "prefecture": "Paul Girard", "ars": "Lucie Faure"}
"""{kind of the institution: who signs for it}."""


def text_to_sign(table: Table) -> tuple[ContractVersion, bytes]:
    """The version that all agreed to, and its PDF (four pages that stand for it)."""
    for kind, name in NAMES.items():
        ContractParty.objects.filter(pk=table.parties[kind].pk).update(representative_name=name)
        table.parties[kind].refresh_from_db()
    proposal = table.walk_to(ContractState.SIGNATURE)
    assert proposal is not None
    content = sealed(str(proposal.version.uid))
    printed(proposal.version, content)
    return proposal.version, content


def scan(content: bytes, pages: Sequence[int]) -> bytes:
    """What a scanner makes of the pages of `content`, in this order."""
    sheets = pictures(content)
    return scan_of([sheets[page - 1] for page in pages])


def examine(signed_file: SignedFile) -> SignedFile:
    """`signed_file` after its job ran."""
    run_job(RenderJob.objects.filter(kind=KIND, subject=str(signed_file.uid)).latest("created_at").pk)
    return SignedFile.objects.get(pk=signed_file.pk)


def deposited(
    version: ContractVersion, content: bytes, by: User, kind: SignedFileKind = SignedFileKind.PADES
) -> SignedFile:
    """`content`, handed in for `version` and examined."""
    return examine(deposit_signed_file(version, kind=kind, name="contrat signé.pdf", content=content, by=by))


def hand_in(client: Client, version: ContractVersion, content: bytes, kind: str = "pades") -> SignedFile:
    """`content`, handed in through the page and examined."""
    address = reverse("agreements:signed-file-deposit", args=[version.contract.reference, version.number])
    answer = client.post(
        address,
        {"kind": kind, "file": SimpleUploadedFile("contrat signé.pdf", content, "application/pdf")},
    )
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return examine(SignedFile.objects.latest("pk"))


def tampered(signed_content: bytes, content: bytes) -> bytes:
    """`signed_content` with one bit changed in the part that is `content`."""
    place = content.index(b"stream\n") + 20
    changed = bytes([signed_content[place] ^ 1])
    return signed_content[:place] + changed + signed_content[place + 1 :]


def changed_after(content: bytes) -> bytes:
    """`content` with a later revision that turns a page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(90)
    writer.update_container(page)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()
