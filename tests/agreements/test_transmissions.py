"""What was sent to DGCS is kept as it was sent, and holds its deadline (rules C2, K5)."""

from __future__ import annotations

import datetime as dt
import html
import uuid

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions.amendments import open_amendment
from agreements.actions.transmissions import acknowledge, send_transmission, write_remark
from agreements.models import ContractVersion, Proposal, RemarkKind, Transmission, VersionPurpose
from agreements.models.transmissions import KeptAsSent
from agreements.transmissions import digest_lines, expected, expected_of, measure_transmissions
from cdppe.accounts.actions.digests import send_digests
from cdppe.accounts.models import DigestSettings, User
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation
from contracts.actions.calendar import grant_extension, settle_deadline
from contracts.actions.contacts import name_contact
from contracts.models import ActionSheet, Contract, Deadline
from contracts.overview import with_facts
from contracts.retroplanning import pieces_sent
from contracts.workflow import ContractState
from tests.agreements.amended import propose as propose_amendment
from tests.agreements.conftest import make_table
from tests.cast import Cast
from tests.queries import count_queries

TODAY = dt.date(2030, 5, 2)


def deadline(contract: Contract, code: str, **fields: object) -> Deadline:
    wanted = {"label": f"Échéance {code}", "due_on": dt.date(2030, 7, 30), "parties": ["council"]} | fields
    return Deadline.objects.get_or_create(campaign=contract.campaign, code=code, defaults=wanted)[0]


def send(contract: Contract, by: User, code: str = "first_version", message: str = "") -> Transmission:
    return send_transmission(contract, deadline(contract, code), message=message, token=uuid.uuid4(), by=by)


def read(contract: Contract) -> Contract:
    return with_facts(Contract.objects.filter(pk=contract.pk)).get()


def test_a_later_edit_never_alters_what_was_sent(cast: Cast, contract: Contract) -> None:
    sheet = ActionSheet.objects.get(contract=contract)
    before = sheet.title
    sent = send(contract, cast.council_editor)
    kept = (sent.version.hash, sent.missing, sent.findings, sent.amounts)
    ActionSheet.objects.filter(pk=sheet.pk).update(title="Tout autre intitulé")
    stored = Transmission.objects.get(pk=sent.pk)
    assert before in stored.version.html
    assert "Tout autre intitulé" not in stored.version.html
    assert (stored.version.hash, stored.missing, stored.findings, stored.amounts) == kept
    assert stored.version.purpose == VersionPurpose.TRANSMISSION
    assert stored.institution == "Département de l’Isère"
    again = send(contract, cast.prefect_editor)
    assert (again.number, again.version.number) == (2, 2)
    assert "Tout autre intitulé" in again.version.html


def test_sending_holds_the_deadline_and_the_hand_still_may(cast: Cast, contract: Contract) -> None:
    on_paper = deadline(contract, "contacts")
    settle_deadline(contract, on_paper, done_on=TODAY, by=cast.council_editor)
    sent = send(contract, cast.council_editor)
    settled = {each.deadline.code: each for each in contract.settled_deadlines.select_related("deadline")}
    assert settled["contacts"].done_on == TODAY
    assert settled["first_version"].done_on == timezone.localdate(sent.sent_at)
    assert settled["first_version"].done_by == cast.council_editor


def test_the_signature_is_held_by_the_very_version_that_was_signed(cast: Cast) -> None:
    table = make_table(cast)
    wanted = deadline(table.contract, "signature")
    table.walk_to(ContractState.SIGNATURE)
    table.contract.refresh_from_db()
    name_a_contact(cast, table.contract)
    assert expected_of(read(table.contract), today=TODAY)[0].settles is False
    proposal = Proposal.objects.standing().get()
    table.sign_all(proposal)
    for _ in "ab":
        assert send(table.contract, cast.council_editor, "signature").version == proposal.version
    assert send(table.contract, cast.council_editor, "contacts").version != proposal.version
    assert table.contract.settled_deadlines.filter(deadline=wanted).exists()
    # The text of an amendment, which nobody has signed yet, is not sent in its place.
    open_amendment(table.contract, about="Objet", reason="Motif", by=cast.council_editor)
    Contract.objects.filter(pk=table.contract.pk).update(court="Lyon")
    proposed = propose_amendment(table)
    assert proposed.version != proposal.version
    assert send(table.contract, cast.council_editor, "signature").version == proposal.version


def test_an_unsigned_contract_sent_for_the_signature_leaves_it_to_be_held(
    cast: Cast, contract: Contract
) -> None:
    send(contract, cast.council_editor, "signature")
    assert not contract.settled_deadlines.exists()


def name_a_contact(cast: Cast, contract: Contract) -> None:
    fields = {"name": "Inès Perret", "position": "", "email": "i@exemple.fr", "phone": "04 65 71 00 38"}
    name_contact(contract, cast.council, fields=fields, by=cast.council_editor)


def test_nothing_but_an_empty_content_bars_sending(cast: Cast, contract: Contract) -> None:
    with pytest.raises(MissingPiece, match="encore rien à envoyer"):
        send(contract, cast.council_editor, "contacts")
    sent = send(contract, cast.council_editor, "draft_contract")
    assert any("Contacts" in each for each in sent.missing)
    assert any(each.startswith("Montants") for each in sent.missing)
    assert "bloquant" in {each.severity for each in sent.sent_findings}
    ActionSheet.objects.filter(contract=contract).delete()
    with pytest.raises(MissingPiece):
        send(contract, cast.council_editor)
    assert ContractVersion.objects.count() == 1


def test_which_deadlines_ask_for_a_sending_is_data(cast: Cast, contract: Contract) -> None:
    with pytest.raises(RuleViolation, match="aucun envoi"):
        send(contract, cast.council_editor, "denunciation")
    assert pieces_sent("indicative_amounts") == ()
    assert "amounts" in pieces_sent("draft_contract")


def test_only_the_parties_send_and_once_a_form(cast: Cast, contract: Contract) -> None:
    for person in (cast.dgcs_editor, cast.council_reader, cast.foreign_editor, cast.regional_reader):
        with pytest.raises(NotAllowed):
            send(contract, person)
    token = uuid.uuid4()
    wanted = deadline(contract, "first_version")
    sent = [
        send_transmission(contract, wanted, message="", token=token, by=cast.council_editor) for _ in "ab"
    ]
    assert sent[0] == sent[1]
    assert Transmission.objects.count() == 1
    with pytest.raises(RuleViolation, match="trop ancienne"):
        send_transmission(contract, wanted, message="", token=token, by=cast.prefect_editor)


def test_the_program_refuses_to_change_what_was_sent(cast: Cast, contract: Contract) -> None:
    sent = send(contract, cast.council_editor)
    sent.message = "Autre"
    with pytest.raises(KeptAsSent):
        sent.save()
    with pytest.raises(KeptAsSent):
        sent.delete()
    with pytest.raises(KeptAsSent):
        Transmission.objects.update(message="Autre")
    with pytest.raises(KeptAsSent):
        Transmission.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    ["UPDATE agreements_transmission SET message = 'Autre'", "DELETE FROM agreements_transmission"],
)
def test_the_database_refuses_too(cast: Cast, contract: Contract, statement: str) -> None:
    send(contract, cast.council_editor)
    refused = pytest.raises(IntegrityError, match="never changes")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_extension_is_the_date_that_is_expected(cast: Cast, contract: Contract) -> None:
    wanted = deadline(contract, "first_version")
    grant_extension(
        wanted, cast.isere, due_on=dt.date(2030, 9, 1), reason="Canicule", version=0, by=cast.dgcs_editor
    )
    (line,) = expected_of(read(contract), today=dt.date(2030, 8, 1))
    assert (line.due_on, line.is_late) == (dt.date(2030, 9, 1), False)
    assert "Canicule" in line.note
    assert send(contract, cast.council_editor).due_on == dt.date(2030, 9, 1)
    assert expected_of(read(contract), today=dt.date(2030, 10, 1))[0].is_late is False


def test_the_menu_counts_what_was_sent(cast: Cast, contract: Contract) -> None:
    assert measure_transmissions(contract, cast.council_editor) is None
    deadline(contract, "draft_contract")
    send(contract, cast.council_editor)
    send(contract, cast.council_editor)
    found = measure_transmissions(contract, cast.council_editor)
    assert found is not None
    assert found.text == "1/2"


def told_to(person: User, **choice: bool) -> list[str]:
    section = digest_lines(person, DigestSettings(user=person, **choice), TODAY)
    return [line.text for line in section.lines] if section is not None else []


def test_the_digest_tells_the_ministry_of_what_arrived_until_it_says_so(
    cast: Cast, contract: Contract
) -> None:
    sent = send(contract, cast.council_editor)
    (line,) = told_to(cast.dgcs_reader)
    assert f"envoyé par {cast.council_editor} (Département de l’Isère)" in line
    assert told_to(cast.dgcs_reader, tells_exchanges=False) == []
    assert told_to(cast.prefect_editor) == []
    acknowledge(sent, by=cast.dgcs_editor)
    assert told_to(cast.dgcs_reader) == []


def test_the_digest_tells_the_parties_what_dgcs_answered_but_for_its_notes(
    cast: Cast, contract: Contract
) -> None:
    sent = send(contract, cast.council_editor)
    acknowledge(sent, by=cast.dgcs_editor)
    for kind in RemarkKind:
        write_remark(sent, kind, text="Un mot.", token=uuid.uuid4(), by=cast.dgcs_editor)
    told = told_to(cast.prefect_editor)
    assert [line.partition(" : ")[2].partition(" sur ")[0] for line in told] == [
        "réception accusée par la DGCS",
        "avis technique de la DGCS",
    ]
    assert told_to(cast.foreign_editor) == []
    assert told_to(cast.prefect_editor, tells_exchanges=False) == []


def test_the_mail_leaves_once_to_the_ministrys_people(cast: Cast, contract: Contract) -> None:
    sent = send(contract, cast.council_editor)
    monday = timezone.localdate() + dt.timedelta(days=-timezone.localdate().weekday() or 7)
    address = reverse("agreements:transmission-review", args=[sent.uid])
    for _ in "ab":
        send_digests(on=monday)
    received = [message.to[0] for message in mail.outbox if address in message.body]
    assert sorted(received) == sorted(
        person.email for person in (cast.dgcs_reader, cast.dgcs_editor, cast.dgcs_signatory)
    )


def test_the_page_says_what_is_expected_what_is_missing_and_sends(
    client: Client, cast: Cast, contract: Contract
) -> None:
    wanted = deadline(contract, "draft_contract")
    deadline(contract, "denunciation", label="Dénonciation")
    client.force_login(cast.council_editor)
    listed = reverse("agreements:transmissions", args=[contract.reference])
    page = client.get(listed).content.decode()
    assert "Échéance draft_contract" in page
    assert "30 juillet 2030" in page
    assert "Contacts des institutions" in page
    assert "Dénonciation" not in page
    address = reverse("agreements:transmission-send", args=[contract.reference, wanted.pk])
    asked = client.get(address).content.decode()
    assert "est marquée comme tenue" in asked
    # What is missing is listed before it is sent, with the page where each is written.
    lacks = expected(read(contract), wanted, today=timezone.localdate()).lacks
    assert {"Contacts des institutions", "Montants"} <= {lack.label for lack in lacks}
    told = html.unescape(asked)
    assert [lack.label for lack in lacks if lack.label not in told or lack.detail not in told] == []
    assert [lack.url for lack in lacks if f'href="{lack.url}' not in asked] == []
    assert not Transmission.objects.exists()
    answer = client.post(address, {"message": "Voici <b>tout</b>.", "token": str(uuid.uuid4())}, follow=True)
    receipt = answer.content.decode()
    sent = Transmission.objects.get()
    assert sent.version.fingerprint in receipt
    assert "38-2030 / 1" in receipt
    assert "Voici &lt;b&gt;tout&lt;/b&gt;." in receipt
    again = client.get(listed).content.decode()
    assert "Transmission n° 1" in again
    assert "Envoyer de nouveau" in again


def test_a_form_without_its_token_keeps_what_was_typed(
    client: Client, cast: Cast, contract: Contract
) -> None:
    wanted = deadline(contract, "first_version")
    client.force_login(cast.council_editor)
    address = reverse("agreements:transmission-send", args=[contract.reference, wanted.pk])
    answer = client.post(address, {"message": "Long message", "token": "x"})
    assert answer.status_code == 422
    assert "Long message" in answer.content.decode()
    assert not Transmission.objects.exists()


def test_a_reader_reads_and_is_offered_nothing(client: Client, cast: Cast, contract: Contract) -> None:
    wanted = deadline(contract, "first_version")
    send(contract, cast.council_editor)
    for person in (cast.council_reader, cast.dgcs_editor):
        client.force_login(person)
        page = client.get(reverse("agreements:transmissions", args=[contract.reference])).content.decode()
        assert "Envoyer de nouveau" not in page
        address = reverse("agreements:transmission-send", args=[contract.reference, wanted.pk])
        assert client.get(address).status_code == 403


def test_a_deadline_that_asks_for_nothing_has_no_page(client: Client, cast: Cast, contract: Contract) -> None:
    wanted = deadline(contract, "denunciation")
    client.force_login(cast.council_editor)
    address = reverse("agreements:transmission-send", args=[contract.reference, wanted.pk])
    assert client.get(address).status_code == 404


def test_as_many_queries_for_nine_sendings_as_for_two(client: Client, cast: Cast, contract: Contract) -> None:
    for _ in "ab":
        send(contract, cast.council_editor)
    client.force_login(cast.council_editor)
    address = reverse("agreements:transmissions", args=[contract.reference])
    few = count_queries(lambda: client.get(address))
    for _ in "abcdefg":
        send(contract, cast.council_editor)
    assert count_queries(lambda: client.get(address)) == few
