"""The same form sent twenty times at the same instant, on PostgreSQL: one effect (rules K5, D1)."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from django.utils import timezone

from agreements.actions.denunciations import Letter, denounce
from agreements.actions.transmissions import acknowledge, send_transmission, write_remark
from agreements.models import (
    ContractVersion,
    Denunciation,
    DenunciationLetter,
    RemarkKind,
    Transmission,
    TransmissionReceipt,
    TransmissionRemark,
)
from contracts.workflow import ContractState
from tests.agreements.conftest import Table, make_table
from tests.agreements.test_transmissions import deadline, name_a_contact, send
from tests.cast import make_cast
from tests.contracts.test_exchanges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TIMES = 20


@pytest.fixture
def set_table() -> Table:
    table = make_table(make_cast())
    name_a_contact(table.cast, table.contract)
    return table


def test_twenty_identical_sendings_at_once_make_one_transmission(set_table: Table) -> None:
    wanted, token = deadline(set_table.contract, "contacts"), uuid.uuid4()
    by = set_table.cast.council_editor
    gesture = partial(send_transmission, set_table.contract, wanted, message="", token=token, by=by)
    assert at_once(*[gesture] * TIMES) == ["done"] * TIMES
    assert Transmission.objects.count() == ContractVersion.objects.count() == 1
    assert set_table.contract.settled_deadlines.count() == 1
    assert set_table.contract.events.filter(code="transmission.sent").count() == 1


def test_twenty_identical_answers_at_once_make_one_receipt_and_one_advice(set_table: Table) -> None:
    cast = set_table.cast
    sent, token = send(set_table.contract, cast.council_editor, "contacts"), uuid.uuid4()
    outcomes = at_once(*[partial(acknowledge, sent, by=cast.dgcs_editor)] * TIMES)
    assert outcomes == ["WrongState"] * (TIMES - 1) + ["done"]
    advise = partial(write_remark, sent, RemarkKind.ADVICE, text="Avis", token=token, by=cast.dgcs_editor)
    assert at_once(*[advise] * TIMES) == ["done"] * TIMES
    assert TransmissionReceipt.objects.count() == TransmissionRemark.objects.count() == 1


def test_twenty_identical_denunciations_at_once_make_one(set_table: Table) -> None:
    set_table.walk_to(ContractState.IN_FORCE)
    letter = Letter(timezone.localdate(), "1A 200")
    letters = {set_table.parties[kind].pk: letter for kind in ("council", "ars")}
    gesture = partial(
        denounce,
        set_table.contract,
        set_table.parties["prefecture"],
        letters=letters,
        by=set_table.cast.prefect_editor,
    )
    assert at_once(*[gesture] * TIMES) == ["WrongState"] * (TIMES - 1) + ["done"]
    assert (Denunciation.objects.count(), DenunciationLetter.objects.count()) == (1, 2)
    assert set_table.contract.events.filter(code="denunciation.recorded").count() == 1
