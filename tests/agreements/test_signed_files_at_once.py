"""The same file, and the same signatures, sent twenty times at the same instant, on PostgreSQL (K4, K6)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from agreements.actions.public_copies import publish_contract
from agreements.actions.signature_files import Proved, deposit_signed_file, record_proofs
from agreements.actions.signed_files import KIND
from agreements.models import PublicCopy, Signature, SignatureProof, SignedFile, SignedFileKind
from cdppe.documents.models import RenderJob
from contracts.workflow import ContractState
from tests.agreements.authority import authority, signed
from tests.agreements.conftest import Table, make_table
from tests.agreements.copies import NAMES, deposited, scan, text_to_sign
from tests.agreements.test_public_copies import prepared
from tests.cast import make_cast
from tests.contracts.test_exchanges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TIMES = 20


@pytest.fixture
def set_table(settings: Any, tmp_path: Path) -> Table:
    (tmp_path / "essai.pem").write_text(authority().pem)
    settings.SIGNATURE_ROOTS = tmp_path
    return make_table(make_cast())


def stored_bytes() -> int:
    """How many files there are on the disk."""
    return sum(each.is_file() for each in Path(django_settings.MEDIA_ROOT).rglob("*"))


def test_twenty_identical_files_at_once_are_kept_once(set_table: Table) -> None:
    version, content = text_to_sign(set_table)
    before = stored_bytes()
    hand_in = partial(
        deposit_signed_file,
        version,
        kind=SignedFileKind.PADES,
        name="contrat.pdf",
        content=signed(content, NAMES["ars"]),
        by=set_table.cast.council_editor,
    )
    assert at_once(*[hand_in] * TIMES) == ["FileAlreadyReceived"] * (TIMES - 1) + ["done"]
    assert SignedFile.objects.count() == 1
    assert RenderJob.objects.filter(kind=KIND).count() == 1
    assert stored_bytes() == before + 1
    assert set_table.contract.events.filter(code="signed_file.received").count() == 1


@pytest.mark.parametrize("kind", [SignedFileKind.PADES, SignedFileKind.SCAN])
def test_twenty_identical_recordings_at_once_have_one_effect(set_table: Table, kind: SignedFileKind) -> None:
    version, content = text_to_sign(set_table)
    by = set_table.cast.council_editor
    is_scan = kind == SignedFileKind.SCAN
    copy = scan(content, [2, 1, 4, 3]) if is_scan else signed(content, *NAMES.values())
    found = deposited(version, copy, by, kind)
    proved = [
        Proved(set_table.parties[party], timezone.localdate(), "" if is_scan else f"Signature {NAMES[party]}")
        for party in NAMES
    ]
    outcomes = at_once(*[partial(record_proofs, found, proved, by=by)] * TIMES)
    assert outcomes == ["WrongState"] * (TIMES - 1) + ["done"]
    assert Signature.objects.count() == SignatureProof.objects.count() == len(NAMES)
    assert set_table.stored().state == ContractState.IN_FORCE
    assert set_table.contract.events.filter(code="signed_file.linked").count() == 1


def test_deposits_and_recordings_of_several_people_at_once_all_end(set_table: Table) -> None:
    """Each takes the contract first and the journal last: nobody waits for somebody who waits."""
    version, content = text_to_sign(set_table)
    cast = set_table.cast
    people = [cast.council_editor, cast.prefect_editor, cast.ars_editor]
    found = deposited(version, scan(content, [1, 2, 3, 4]), cast.council_editor, SignedFileKind.SCAN)
    gestures: list[Any] = [
        partial(
            deposit_signed_file,
            version,
            kind=SignedFileKind.PADES,
            name=f"{name}.pdf",
            content=signed(content, name),
            by=by,
        )
        for name, by in zip(NAMES.values(), people, strict=True)
    ]
    gestures += [
        partial(record_proofs, found, [Proved(set_table.parties[kind], timezone.localdate())], by=by)
        for kind, by in zip(NAMES, people, strict=True)
    ]
    assert at_once(*gestures) == ["done"] * len(gestures)
    assert SignedFile.objects.count() == 1 + len(people)
    assert set_table.stored().state == ContractState.IN_FORCE


def test_twenty_confirmations_at_once_put_one_copy_online(set_table: Table) -> None:
    proposal = set_table.walk_to(ContractState.IN_FORCE)
    assert proposal is not None
    publish = partial(
        publish_contract,
        set_table.contract,
        sha256=prepared(proposal.version),
        by=set_table.cast.council_editor,
    )
    assert at_once(*[publish] * TIMES) == ["WrongState"] * (TIMES - 1) + ["done"]
    assert PublicCopy.objects.count() == 1
    assert set_table.contract.events.filter(code="public_copy.published").count() == 1
