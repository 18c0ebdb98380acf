"""The pages of the amendments, and the contract read at a date, as people meet them (rules V1, V2)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions.amendments import open_amendment
from agreements.actions.signatures import pass_the_day
from agreements.documents import render_version
from agreements.models import TextInForce
from agreements.verification import Standing, standing_of
from contracts.models import Amendment, Contract
from contracts.workflow import ContractState
from tests.agreements.amended import opened, propose, sign, walk_to, write_something
from tests.agreements.conftest import Table
from tests.contracts.contract_documents import use_real_model
from tests.queries import count_queries
from tests.states import put_in_state

S = ContractState
BASE = "/contrats/38-2030/"
LIST = f"{BASE}avenants/"
HOSTILE = ("<script>alert(1)</script>", "avant\x00après", "\u202e", "x" * 2000, "31/02/2030")
FULL = {"about": "Ajouter une action", "reason": "Un besoin nouveau."}


def day(on: dt.date) -> str:
    return f"{on:%Y-%m-%d}"


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:1500]
    return str(answer.content.decode())


def test_an_amendment_is_opened_written_signed_and_read_with_the_pages(client: Client, table: Table) -> None:
    table.walk_to(S.IN_FORCE)
    client.force_login(table.cast.council_editor)
    assert "Ouvrir un avenant" in text_of(client, LIST)
    assert "le texte en vigueur ne change pas" in text_of(client, f"{LIST}ouvrir/")
    answer = client.post(f"{LIST}ouvrir/", FULL, follow=True)
    assert "L’avenant n° 1 est ouvert" in answer.content.decode()
    banner = "le contrat en vigueur reste celui du"
    assert banner in text_of(client, f"{BASE}fiches/")
    assert "Rien encore" in text_of(client, f"{LIST}1/")
    write_something(table, "Tribunal administratif de Lyon")
    page = text_of(client, f"{LIST}1/")
    assert "<ins>" in page
    assert "#id_court" in page
    answer = client.post(f"{BASE}etape/finalise-draft/", follow=True)
    assert "L’avenant n° 1 est à l’état « Texte final »" in answer.content.decode()
    way = f"{BASE}accord/"
    assert "Accord et signature de l’avenant n° 1" in text_of(client, way)
    yesterday = day(timezone.localdate() - dt.timedelta(days=1))
    assert client.post(f"{way}odpe/", {"informed_on": yesterday}).status_code == 302
    adopted = {"number": "2031-9", "deliberated_on": yesterday}
    assert client.post(f"{way}assemblee/", adopted).status_code == 302
    assert "rédigé d’après ce qu’il change" in text_of(client, f"{way}proposer/")
    assert client.post(f"{way}proposer/").status_code == 302
    proposal = table.contract.proposals.standing().get(amendment__number=1)
    for kind, person in table.signatories.items():
        client.force_login(person)
        given = {"version_uid": str(proposal.version.uid), "version_hash": proposal.version.hash}
        assert client.post(f"{way}parties/{table.parties[kind].pk}/", given).status_code == 302
    for party in table.parties.values():
        signed = {"signed_on": day(timezone.localdate())}
        assert client.post(f"{way}signatures/{party.pk}/", signed).status_code == 302
    assert Amendment.objects.get().is_in_force
    page = text_of(client, f"{LIST}1/")
    assert "Ce qu’il a changé" in page
    assert "Lyon" in page
    assert banner not in page
    assert "1 avenant en vigueur" in page


def test_a_contract_and_two_amendments_are_read_at_three_dates(client: Client, table: Table) -> None:
    """The contract signed, amended twice: each day has its text, its data, its PDF, and a proof (V2)."""
    Contract.objects.filter(pk=table.contract.pk).update(court="Tribunal administratif de Grenoble")
    table.walk_to(S.IN_FORCE)
    today = timezone.localdate()
    days = [today, today + dt.timedelta(days=10), today + dt.timedelta(days=20)]
    courts = ["Grenoble", "Lyon", "Paris"]
    for effect_on, court in zip(days[1:], courts[1:], strict=True):
        open_amendment(table.contract, **FULL, by=table.cast.council_editor)
        Amendment.objects.open().update(planned_effect_on=effect_on)
        Contract.objects.filter(pk=table.contract.pk).update(court=f"Tribunal administratif de {court}")
        sign(table)
        pass_the_day(effect_on)
    client.force_login(table.cast.dgcs_reader)
    laws = list(TextInForce.objects.order_by("effect_on").select_related("reading", "version"))
    assert [law.effect_on for law in laws] == days
    for rank, (on, law) in enumerate(zip(days, laws, strict=True)):
        for when in (on, on + dt.timedelta(days=5)):
            page = text_of(client, f"{BASE}a-une-date/?le={day(when)}")
            said = "le contrat d’origine" if rank == 0 else f"le contrat avec l’avenant n° {rank}"
            assert said in page
            assert law.reading.fingerprint in page
            assert (f"Ce que l’avenant n° {rank} a changé" in page) is (rank > 0)
        rows = read_csv(client, law.reading.number)
        (court,) = [row[3] for row in rows if row[2] == "Tribunal administratif"]
        assert court.endswith(courts[rank])
        entries = json.loads(text_of(client, f"{BASE}versions/{law.reading.number}/donnees.json"))["entries"]
        assert any(each["value"].endswith(courts[rank]) for each in entries if each["part"] == "details")
        assert render_version(law.reading.uid.hex, lambda percent, step: None).content.startswith(b"%PDF")
    standings = [standing_of(law.version) for law in laws]
    assert standings == [Standing.AMENDED, Standing.AMENDED, Standing.IN_FORCE]
    assert [standing_of(law.reading) for law in laws[1:]] == [Standing.FORMER, Standing.CONSOLIDATED]
    client.logout()
    page = text_of(client, reverse("agreements:verify-version", args=[laws[1].version.uid]))
    assert "avenant n° 1" in page
    assert "Le texte en vigueur est celui de l’avenant n° 2" in page


def read_csv(client: Client, number: int) -> list[list[str]]:
    answer = client.get(f"{BASE}versions/{number}/donnees.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_the_data_of_a_version_mask_the_account(client: Client, table: Table) -> None:
    use_real_model(table.cast.campaign)
    opened_on_paper(table)
    client.force_login(table.cast.dgcs_reader)
    number = TextInForce.objects.get().reading.number
    for kind in ("csv", "json"):
        content = client.get(f"{BASE}versions/{number}/donnees.{kind}").content.decode()
        assert "Grenoble" in content
        assert "7630001007941234567890185" not in content.replace(" ", "").replace("\u00a0", "")
    assert client.get(f"{BASE}versions/{number}/donnees.xml").status_code == 404


def opened_on_paper(table: Table) -> Amendment:
    """An amendment to a contract of which only the paper was signed."""
    put_in_state(table.contract, S.IN_FORCE, by=table.cast.council_editor)
    return open_amendment(table.contract, **FULL, by=table.cast.council_editor)


def test_a_date_before_the_contract_is_refused_with_its_sentence(client: Client, table: Table) -> None:
    table.walk_to(S.IN_FORCE)
    client.force_login(table.cast.council_reader)
    page = text_of(client, f"{BASE}a-une-date/?le=2020-01-01", 422)
    assert "choisissez une date à partir de ce jour" in page
    for typed in ("", "hier", "2030-02-31", "\x00", "9" * 400):
        assert client.get(f"{BASE}a-une-date/", {"le": typed}).status_code == 422


def test_a_contract_that_is_not_in_force_says_so_and_offers_nothing(client: Client, table: Table) -> None:
    client.force_login(table.cast.council_editor)
    page = text_of(client, LIST)
    assert "n’est pas encore en vigueur" in page
    assert "avenants/ouvrir/" not in page
    assert client.post(f"{LIST}ouvrir/", FULL).status_code == 409
    assert "Aucun texte n’est encore entré en vigueur" in text_of(client, f"{BASE}a-une-date/")


def test_a_reader_sees_the_amendment_and_no_gesture(client: Client, table: Table) -> None:
    opened(table)
    write_something(table, "Lyon")
    for person in (table.cast.council_reader, table.cast.dgcs_signatory, table.cast.regional_reader):
        client.force_login(person)
        page = text_of(client, f"{LIST}1/")
        assert "<ins>" in page
        for gesture in ("modifier/", "abandonner/", "etape/finalise-draft/"):
            assert gesture not in page


def test_what_would_be_left_is_listed_before_an_amendment_is_abandoned(client: Client, table: Table) -> None:
    opened(table)
    write_something(table, "Lyon")
    client.force_login(table.cast.ars_editor)
    page = text_of(client, f"{LIST}1/abandonner/")
    assert "encore autre chose que le texte en vigueur" in page
    assert "<textarea" not in page
    assert client.post(f"{LIST}1/abandonner/", {"reason": "Erreur"}).status_code == 409
    write_something(table, "Grenoble")
    assert "<textarea" in text_of(client, f"{LIST}1/abandonner/")
    answer = client.post(f"{LIST}1/abandonner/", {"reason": "Ouvert par erreur"}, follow=True)
    page = answer.content.decode()
    assert "est abandonné : le texte en vigueur n’a pas changé" in page
    assert "Ouvert par erreur" in page
    assert client.get(f"{LIST}1/modifier/").status_code == 409
    assert "Abandonné" in text_of(client, f"{LIST}1/")


def test_the_end_of_the_contract_is_moved_on_the_page_of_the_amendment(client: Client, table: Table) -> None:
    opened(table)
    client.force_login(table.cast.council_editor)
    later = table.contract.ends_on + dt.timedelta(days=300)
    for wrong in (day(timezone.localdate()), "2199-12-31"):
        answer = client.post(f"{LIST}1/modifier/", FULL | {"new_ends_on": wrong})
        assert answer.status_code == 422
        assert "La nouvelle fin du contrat est" in answer.content.decode()
        assert wrong in answer.content.decode()
    answer = client.post(f"{LIST}1/modifier/", FULL | {"new_ends_on": day(later)}, follow=True)
    assert f"{later.day} " in answer.content.decode()
    assert "au lieu du" in answer.content.decode()
    assert table.stored().ends_on == table.contract.ends_on
    proposal = propose(table)
    assert "prorogé jusqu’au" in proposal.version.html


@pytest.mark.parametrize("field", ["about", "reason", "planned_effect_on", "new_ends_on"])
def test_hostile_values_are_refused_or_kept_as_text(client: Client, table: Table, field: str) -> None:
    opened(table)
    client.force_login(table.cast.ars_editor)
    for value in HOSTILE:
        answer = client.post(f"{LIST}1/modifier/", FULL | {field: value})
        assert answer.status_code in (302, 422), value
        for address in (f"{LIST}1/modifier/", f"{LIST}1/", LIST):
            assert "<script>alert" not in text_of(client, address)


def test_the_pages_cost_as_many_queries_for_fifty_changes_as_for_five(client: Client, table: Table) -> None:
    opened_on_paper(table)
    client.force_login(table.cast.council_editor)
    addresses = (LIST, f"{LIST}1/", f"{LIST}1/abandonner/", f"{BASE}a-une-date/")
    counts = []
    objectives = list(table.cast.campaign.objectives.all())
    half = max(1, len(objectives) // 2)
    for chosen in (objectives[:half], objectives[half:]):
        for objective in chosen:
            table.contract.objectives.get_or_create(objective=objective)
        for address in addresses:
            client.get(address)
        counts.append([count_queries(lambda address=address: client.get(address)) for address in addresses])
    assert counts[0] == counts[1]


def test_the_list_costs_as_many_queries_for_many_amendments_as_for_one(client: Client, table: Table) -> None:
    amendment = opened_on_paper(table)
    client.force_login(table.cast.council_reader)
    client.get(LIST)
    with_one = count_queries(lambda: client.get(LIST))
    now = timezone.now()
    Amendment.objects.bulk_create(
        Amendment(
            contract=table.contract,
            number=number,
            object="Objet",
            reason="Motif",
            opened_by=amendment.opened_by,
            abandoned_at=now,
            abandoned_by=amendment.opened_by,
            abandoned_reason="Erreur",
        )
        for number in range(2, 30)
    )
    assert count_queries(lambda: client.get(LIST)) == with_one


def test_the_signed_copy_of_an_amendment_is_expected_on_its_way(client: Client, table: Table) -> None:
    opened(table)
    write_something(table)
    walk_to(table, S.SIGNATURE)
    client.force_login(table.cast.council_editor)
    page = text_of(client, f"{BASE}accord/")
    assert "À une" not in page
    assert "Enregistrer la signature" in page
