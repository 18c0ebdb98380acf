"""DGCS reads what it received, answers, and never stands in the way (rules K5, O7, P3)."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from agreements.actions.transmissions import acknowledge, send_transmission, write_remark
from agreements.actions.versions import content_hash_of
from agreements.models import (
    ContractVersion,
    Proposal,
    RemarkKind,
    Transmission,
    TransmissionReceipt,
    TransmissionRemark,
)
from agreements.models.transmissions import KeptAsSent
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from contracts.actions.exchanges import open_thread
from contracts.models import ActionSheet, Contract
from contracts.places import Place
from contracts.workflow import ContractState
from tests.agreements.conftest import make_table
from tests.agreements.test_transmissions import deadline, name_a_contact, send
from tests.cast import Cast
from tests.factories import ActionSheetFactory
from tests.queries import count_queries

LIST = "/transmissions-recues/"


@pytest.fixture
def sent(cast: Cast, contract: Contract) -> Transmission:
    return send(contract, cast.council_editor)


def page_of(client: Client, sent: Transmission) -> str:
    answer = client.get(reverse("agreements:transmission-review", args=[sent.uid]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_receipt_is_given_once_and_shown_to_the_parties(
    client: Client, cast: Cast, sent: Transmission
) -> None:
    client.force_login(cast.dgcs_editor)
    address = reverse("agreements:transmission-acknowledge", args=[sent.uid])
    assert "La réception est accusée" in client.post(address, follow=True).content.decode()
    assert "a déjà été accusée par" in client.post(address, follow=True).content.decode()
    assert TransmissionReceipt.objects.count() == 1
    client.force_login(cast.council_reader)
    receipt = client.get(reverse("agreements:transmission", args=[sent.contract.reference, 1]))
    assert "Accusée par la DGCS le" in receipt.content.decode()


def test_a_technical_advice_is_for_the_parties_a_note_is_not(
    client: Client, cast: Cast, sent: Transmission
) -> None:
    client.force_login(cast.dgcs_editor)
    for kind, text in (
        (RemarkKind.ADVICE, "Revoir <i>le placement</i>."),
        (RemarkKind.NOTE, "À suivre en juin."),
    ):
        route = "transmission-advise" if kind == RemarkKind.ADVICE else "transmission-note"
        fields = {f"{kind.value}-text": text, f"{kind.value}-token": str(uuid.uuid4())}
        for _ in "ab":
            client.post(reverse(f"agreements:{route}", args=[sent.uid]), fields)
    assert TransmissionRemark.objects.count() == 2
    shown = page_of(client, sent)
    assert "Revoir &lt;i&gt;le placement&lt;/i&gt;." in shown
    assert "À suivre en juin." in shown
    client.force_login(cast.prefect_editor)
    receipt = client.get(
        reverse("agreements:transmission", args=[sent.contract.reference, 1])
    ).content.decode()
    assert "Revoir &lt;i&gt;le placement&lt;/i&gt;." in receipt
    assert "À suivre en juin." not in receipt


def test_a_refused_remark_keeps_what_was_typed(client: Client, cast: Cast, sent: Transmission) -> None:
    client.force_login(cast.dgcs_editor)
    address = reverse("agreements:transmission-note", args=[sent.uid])
    answer = client.post(address, {"note-text": "Un long texte", "note-token": ""})
    assert answer.status_code == 422
    assert "Un long texte" in answer.content.decode()
    assert client.post(address, {"note-text": " \u202e ", "note-token": str(uuid.uuid4())}).status_code == 422
    assert not TransmissionRemark.objects.exists()


def test_only_dgcs_answers(cast: Cast, sent: Transmission) -> None:
    for person in (cast.dgcs_reader, cast.prefect_editor, cast.regional_reader):
        with pytest.raises(NotAllowed):
            acknowledge(sent, by=person)
        with pytest.raises(NotAllowed):
            write_remark(sent, RemarkKind.NOTE, text="Non", token=uuid.uuid4(), by=person)
    token = uuid.uuid4()
    write_remark(sent, RemarkKind.NOTE, text="Oui", token=token, by=cast.dgcs_editor)
    with pytest.raises(RuleViolation, match="trop ancienne"):
        write_remark(sent, RemarkKind.ADVICE, text="Oui", token=token, by=cast.dgcs_editor)
    acknowledge(sent, by=cast.dgcs_editor)
    with pytest.raises(WrongState):
        acknowledge(sent, by=cast.dgcs_signatory)


def test_what_dgcs_wrote_is_kept(cast: Cast, sent: Transmission) -> None:
    remark = write_remark(sent, RemarkKind.ADVICE, text="Avis", token=uuid.uuid4(), by=cast.dgcs_editor)
    remark.text = "Autre"
    with pytest.raises(KeptAsSent):
        remark.save()
    with pytest.raises(KeptAsSent):
        TransmissionRemark.objects.all().delete()


@pytest.mark.parametrize("is_unhappy", [False, True], ids=["silent", "unhappy"])
def test_a_contract_gets_signed_whatever_dgcs_does_or_not(cast: Cast, is_unhappy: bool) -> None:
    """P3: neither the state, nor the text, nor the next sending depends on DGCS."""
    table = make_table(cast)
    name_a_contact(cast, table.contract)
    sent = send(table.contract, cast.council_editor, "contacts")
    if is_unhappy:
        _complain(cast, sent)
    table.walk_to(ContractState.SIGNATURE)
    again = send(table.contract, cast.council_editor, "contacts")
    if is_unhappy:
        before = (table.stored().state, table.stored().version, content_hash_of(table.stored()))
        _complain(cast, again)
        assert (table.stored().state, table.stored().version, content_hash_of(table.stored())) == before
    table.sign_all(Proposal.objects.standing().get())
    assert table.stored().state == ContractState.IN_FORCE


def _complain(cast: Cast, sent: Transmission) -> None:
    acknowledge(sent, by=cast.dgcs_editor)
    for kind in RemarkKind:
        write_remark(sent, kind, text="Avis très défavorable.", token=uuid.uuid4(), by=cast.dgcs_signatory)
    open_thread(
        sent.contract, Place("transmissions"), text="Pourquoi ?", token=uuid.uuid4(), by=cast.dgcs_editor
    )


def test_the_screen_shows_what_changed_findings_money_and_threads(
    client: Client, cast: Cast, contract: Contract, sent: Transmission
) -> None:
    client.force_login(cast.dgcs_reader)
    first = page_of(client, sent)
    assert "C’est le premier envoi" in first
    assert "bloquant" in first
    assert "Accuser réception" not in first
    ActionSheet.objects.filter(contract=contract).update(title="Un intitulé tout neuf")
    open_thread(
        contract, Place("transmissions"), text="Et le placement ?", token=uuid.uuid4(), by=cast.dgcs_editor
    )
    second = page_of(client, send(contract, cast.council_editor))
    assert "De la version 1 à la version 2" in second
    assert "<ins>" in second
    assert "Et le placement ?" in second
    assert "Question de la DGCS" in second
    assert "Argent, à l’envoi" in second


def test_the_list_is_filtered_and_sorted(
    client: Client, cast: Cast, contract: Contract, sent: Transmission
) -> None:
    ActionSheetFactory(contract=cast.foreign_contract)
    foreign = send_transmission(
        cast.foreign_contract,
        deadline(contract, "first_version"),
        message="",
        token=uuid.uuid4(),
        by=cast.foreign_editor,
    )
    acknowledge(foreign, by=cast.dgcs_editor)
    open_thread(contract, Place("objectives"), text="Pourquoi ?", token=uuid.uuid4(), by=cast.dgcs_editor)
    client.force_login(cast.dgcs_reader)

    def listed(**asked: str) -> list[str]:
        page = client.get(LIST, asked).context["page"]
        return [each.contract.territory.code for each in page.object_list]

    assert listed() == ["59", "38"]
    assert listed(tri="territoire") == ["38", "59"]
    assert listed(tri="echeance") == ["38", "59"]
    assert listed(etat="a-accuser") == ["38"]
    assert listed(etat="accusees") == ["59"]
    assert listed(etat="questions") == ["38"]
    assert listed(region="32") == ["59"]
    assert listed(territoire="38") == ["38"]
    assert listed(territoire="59", etat="a-accuser") == []
    assert listed(campagne="2030", echeance=str(sent.deadline_id)) == ["59", "38"]
    assert listed(echeance="99999", etat="x", region="zz", territoire="zz", page="x") == ["59", "38"]


def test_as_many_queries_for_fifty_as_for_five(client: Client, cast: Cast, contract: Contract) -> None:
    client.force_login(cast.dgcs_reader)
    wanted = deadline(contract, "first_version")
    first = send(contract, cast.council_editor)

    def more(count: int) -> None:
        for _ in range(count):
            version = first.version
            version = ContractVersion(
                **{
                    field.attname: getattr(version, field.attname)
                    for field in version._meta.concrete_fields
                    if field.name not in ("id", "uid", "number")
                },
                number=contract.versions.count() + 1,
            )
            version.save()
            Transmission.objects.create(
                contract=contract,
                number=contract.transmissions.count() + 1,
                deadline=wanted,
                due_on=wanted.due_on,
                version=version,
                sent_by=cast.council_editor,
                institution="Département",
                token=uuid.uuid4(),
            )

    more(4)
    few = count_queries(lambda: client.get(LIST))
    few_screen = count_queries(lambda: page_of(client, first))
    more(45)
    assert client.get(LIST).context["page"].paginator.count == 50
    assert count_queries(lambda: client.get(LIST)) == few
    assert count_queries(lambda: page_of(client, first)) == few_screen
