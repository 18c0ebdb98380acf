"""A contract signed on paper is taken over: its parts, its signed file, then in force."""

import datetime as dt
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.documents.models import StoredFile
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.takeovers import (
    MAX_BYTES,
    SignedFileRefused,
    complete_takeover,
    mark_as_taken_over,
    reopen_takeover,
    start_takeover,
)
from contracts.models import Contract, Takeover
from contracts.workflow import ContractState
from tests.agreements.pdfs import made_with
from tests.agreements.signing.test_antivirus import EICAR, clamd
from tests.cast import Cast

pytestmark = pytest.mark.django_db

PDF = made_with()
SIGNED_ON = dt.date(2020, 10, 15)


def in_negotiation(cast: Cast) -> Contract:
    cast.contract.state = ContractState.NEGOTIATION
    cast.contract.save()
    mark_as_taken_over(cast.contract, by=cast.council_editor)
    return Contract.objects.get(pk=cast.contract.pk)


def complete(
    contract: Contract, cast: Cast, content: bytes = PDF, signed_on: dt.date = SIGNED_ON
) -> Contract:
    return complete_takeover(
        contract, signed_on=signed_on, content=content, file_name="signé.pdf", by=cast.prefect_editor
    )


def test_a_contract_goes_straight_to_in_force_whatever_it_lacks(cast: Cast) -> None:
    contract = complete(in_negotiation(cast), cast)
    assert contract.state == ContractState.IN_FORCE
    assert not contract.is_editable
    takeover = Takeover.objects.get()
    assert takeover.is_completed
    assert takeover.signed_on == SIGNED_ON
    assert takeover.completed_by == cast.prefect_editor
    assert contract.events.filter(code="takeover.completed").exists()


def test_a_takeover_begins_in_negotiation_with_the_fundamental_objectives(cast: Cast) -> None:
    cast.contract.delete()
    contract = start_takeover(cast.campaign, cast.isere, by=cast.council_editor)
    assert contract.state == ContractState.NEGOTIATION
    assert contract.objectives.exists()
    assert Takeover.objects.get().contract == contract


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "vide"),
        (b"PK\x03\x04", "pas un PDF complet"),
        (b"%PDF-1.7 coup\xc3\xa9", "pas un PDF complet"),
        (b"%PDF-" + b"0" * MAX_BYTES + b"%%EOF", "dépasse 20 Mo"),
    ],
)
def test_a_file_that_is_no_signed_pdf_is_refused(cast: Cast, content: bytes, sentence: str) -> None:
    contract = in_negotiation(cast)
    with pytest.raises(RuleViolation, match=sentence):
        complete(contract, cast, content)
    contract.refresh_from_db()
    assert contract.state == ContractState.NEGOTIATION


def test_a_paper_is_held_to_what_every_signed_file_is_held_to(client: Client, cast: Cast) -> None:
    """No script, no encryption, no attachment, however the contract was signed."""
    contract = in_negotiation(cast)
    hostile = {
        "programme": made_with(lambda pdf: pdf.Root.update({"/JS": "x"}) or None),
        "fichier joint": made_with(lambda pdf: pdf.attachments.update({"a.txt": b"x"}) or None),
        "chiffré": made_with(encryption=pikepdf.Encryption(owner="a", user="b")),
    }
    client.force_login(cast.council_editor)
    for said, content in hostile.items():
        with pytest.raises(SignedFileRefused, match=said):
            complete(contract, cast, content)
        data = {"signed_on": "15/10/2020", "signed_file": SimpleUploadedFile("c.pdf", content)}
        answer = client.post(reverse("contracts:takeover", args=["38-2030"]), data)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert "15/10/2020" in answer.content.decode()
    contract.refresh_from_db()
    assert contract.state == ContractState.NEGOTIATION
    assert not StoredFile.objects.exists()


def test_a_paper_with_a_virus_is_not_kept(cast: Cast, settings: Any) -> None:
    contract = in_negotiation(cast)
    with clamd() as url:
        settings.CLAMD_URL = url
        with pytest.raises(SignedFileRefused, match="Eicar"):
            complete(contract, cast, PDF + b"% " + EICAR + b"\n%%EOF\n")
        assert not StoredFile.objects.exists()
        assert complete(contract, cast).state == ContractState.IN_FORCE


def test_nothing_is_received_or_served_without_the_verdict_of_the_antivirus(
    client: Client, cast: Cast, settings: Any
) -> None:
    contract = in_negotiation(cast)
    settings.ANTIVIRUS_IS_REQUIRED = True
    with pytest.raises(SignedFileRefused, match="Aucun antivirus"):
        complete(contract, cast)
    settings.ANTIVIRUS_IS_REQUIRED = False
    complete(contract, cast)
    client.force_login(cast.dgcs_reader)
    address = reverse("contracts:signed-file", args=[contract.reference])
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    answer = client.get(address)
    assert answer.status_code == 409
    assert "n’a pas pu analyser" in answer.content.decode()
    with clamd(b"stream: Eicar-Test-Signature FOUND\0") as url:
        settings.CLAMD_URL = url
        assert client.get(address).status_code == 409
    with clamd() as url:
        settings.CLAMD_URL = url
        assert client.get(address).content == PDF


def test_a_date_to_come_is_refused(cast: Cast) -> None:
    with pytest.raises(RuleViolation, match="dans le futur"):
        complete(in_negotiation(cast), cast, signed_on=timezone.localdate() + dt.timedelta(days=1))


def test_an_ordinary_contract_never_gets_in_force_so(cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    with pytest.raises(WrongState, match="pas en cours de reprise"):
        complete(cast.contract, cast)


def test_a_takeover_is_corrected_then_put_in_force_again(cast: Cast) -> None:
    contract = complete(in_negotiation(cast), cast)
    reopened = reopen_takeover(contract, by=cast.council_editor)
    assert reopened.is_editable
    assert Takeover.objects.get().signed_file is not None
    assert complete(reopened, cast).state == ContractState.IN_FORCE


def test_the_ordinary_way_never_leads_there(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    client.force_login(cast.council_editor)
    url = reverse("contracts:move", args=["38-2030", "put-in-force"])
    assert client.get(url).status_code == 404
    assert client.post(url).status_code == 409


def test_the_database_refuses_a_takeover_completed_without_its_file(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="takeover_completed_with_its_signed_file"), transaction.atomic():
        Takeover.objects.create(contract=cast.contract, completed_at=timezone.now())


def test_the_file_comes_back_byte_for_byte_to_those_who_see_the_contract(client: Client, cast: Cast) -> None:
    contract = in_negotiation(cast)
    client.force_login(cast.council_editor)
    url = reverse("contracts:takeover", args=[contract.reference])
    data = {"signed_on": "15/10/2020", "signed_file": SimpleUploadedFile("contrat signé.pdf", PDF)}
    answer = client.post(url, data, follow=True)
    page = answer.content.decode()
    assert "en vigueur, avec son fichier signé" in page
    assert "Contrat repris" in page
    client.force_login(cast.dgcs_reader)
    file = client.get(reverse("contracts:signed-file", args=[contract.reference]))
    assert file.content == PDF
    assert "attachment" in file["Content-Disposition"]
    client.force_login(cast.foreign_editor)
    assert client.get(reverse("contracts:signed-file", args=[contract.reference])).status_code == 404


@pytest.mark.parametrize("signed_on", ["", "hier", "31/02/2020", "1999-01-01", "9999-01-01"])
def test_a_wrong_date_is_refused_with_a_sentence(client: Client, cast: Cast, signed_on: str) -> None:
    in_negotiation(cast)
    client.force_login(cast.council_editor)
    data = {"signed_on": signed_on, "signed_file": SimpleUploadedFile("c.pdf", PDF)}
    answer = client.post(reverse("contracts:takeover", args=["38-2030"]), data)
    assert answer.status_code == 422
    assert Contract.objects.get(pk=cast.contract.pk).state == ContractState.NEGOTIATION
