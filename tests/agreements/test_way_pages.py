"""The page « Accord et signature » and its gestures, as people meet them (rules K3, K4)."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.models import Agreement, Signature
from cdppe.accounts.models import User
from contracts.models import Contract
from contracts.workflow import ContractState
from tests.agreements.conftest import Table

S = ContractState
BASE = "/contrats/38-2030/accord/"
TODAY = f"{timezone.localdate():%Y-%m-%d}"
YESTERDAY = f"{timezone.localdate() - dt.timedelta(days=1):%Y-%m-%d}"
HOSTILE = ("<script>alert(1)</script>", "avant\x00après", "\u202e", "x" * 501, "31/02/2030", "2099-01-01")


def page(client: Client, user: User, address: str = BASE) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the gesture's form."""
    return dict(re.findall(r'<input type="hidden" name="(version_\w+)" value="([^"]+)"', text))


def test_the_whole_way_is_walked_with_the_pages(client: Client, table: Table) -> None:
    table.walk_to(S.DRAFT)
    cast = table.cast
    assert "information de l’ODPE" in page(client, cast.council_editor)
    assert client.post(f"{BASE}odpe/", {"informed_on": YESTERDAY}).status_code == 302
    assert (
        client.post(f"{BASE}assemblee/", {"number": "2030-7", "deliberated_on": YESTERDAY}).status_code == 302
    )
    assert "figé" in page(client, cast.council_editor, f"{BASE}proposer/")
    assert client.post(f"{BASE}proposer/").status_code == 302
    for kind, person in table.signatories.items():
        pk = table.parties[kind].pk
        assert "Donner l’accord" in page(client, person)
        given = hidden(page(client, person, f"{BASE}parties/{pk}/"))
        assert set(given) == {"version_uid", "version_hash"}
        assert client.post(f"{BASE}parties/{pk}/", given).status_code == 302
    for party in table.parties.values():
        text = page(client, cast.prefect_editor, f"{BASE}signatures/{party.pk}/")
        assert "Signature manuscrite constatée le" in text
        assert client.post(f"{BASE}signatures/{party.pk}/", {"signed_on": TODAY}).status_code == 302
    assert table.stored().state == S.IN_FORCE
    text = page(client, cast.dgcs_reader)
    assert "Camille Exemple" in text
    assert text.count('fr-badge--success">signé</span>') == 3
    assert "en vigueur" in text


def test_the_list_counts_as_the_stepper_does(client: Client, table: Table) -> None:
    shown = page(client, table.cast.council_editor)
    count = re.search(r"sur (\d+)</span>", shown[shown.index("fr-stepper__state") :])
    steps = shown[shown.index("Le chemin jusqu’à la signature") :].split("</ol>")[0]
    assert count is not None
    assert steps.count("<li") == int(count[1])


def test_an_agreement_on_another_hash_is_refused_with_a_sentence(client: Client, table: Table) -> None:
    proposal = table.walk_to(S.AGREEMENT)
    assert proposal is not None
    client.force_login(table.signatories["ars"])
    address = f"{BASE}parties/{table.parties['ars'].pk}/"
    answer = client.post(address, {"version_uid": str(proposal.version.uid), "version_hash": "0" * 64})
    assert answer.status_code == 409
    assert "n’est plus celui qui est proposé" in answer.content.decode()
    for given in ({}, {"version_uid": "x", "version_hash": "<b>"}):
        assert client.post(address, given).status_code == 409
    assert not Agreement.objects.exists()


def test_what_changed_is_told_on_the_page(client: Client, table: Table) -> None:
    proposal = table.walk_to(S.AGREEMENT)
    assert proposal is not None
    table.agree("ars", proposal)
    Contract.objects.filter(pk=table.contract.pk).update(court="Lyon")
    text = page(client, table.cast.council_editor)
    assert "ont été repris" in text
    assert "Grenoble" in text
    assert "Lyon" in text
    assert table.stored().state == S.ADOPTED


def test_what_blocks_is_listed_where_it_bars(client: Client, table: Table) -> None:
    table.parties["ars"].representative_name = ""
    table.parties["ars"].save()
    table.walk_to(S.ADOPTED)
    for address in (BASE, f"{BASE}proposer/"):
        text = page(client, table.cast.council_editor, address)
        assert "Points bloquants (1)" in text
        assert "Confirmer et proposer" not in text
    client.force_login(table.cast.council_editor)
    assert client.post(f"{BASE}proposer/").status_code == 409


def test_a_reader_sees_the_way_and_no_gesture(client: Client, table: Table) -> None:
    table.walk_to(S.AGREEMENT)
    for person in (table.cast.council_reader, table.cast.dgcs_signatory, table.cast.regional_reader):
        text = page(client, person)
        assert "Accords des parties" in text
        assert "/accord/" not in re.sub(r"<nav.*?</nav>", "", text, flags=re.S).replace(f'href="{BASE}"', "")


@pytest.mark.parametrize(
    ("state", "address", "field"),
    [
        (S.DRAFT, "odpe/", "no_information_reason"),
        (S.DRAFT, "odpe/", "informed_on"),
        (S.ODPE_INFORMED, "assemblee/", "deliberated_on"),
        (S.AGREEMENT, "retour/send-back/", "reason"),
        (S.SIGNATURE, "retour/reopen/", "reason"),
        (S.SIGNATURE, "signatures/{ars}/", "signed_on"),
    ],
)
def test_hostile_values_are_refused_or_kept_as_text(
    client: Client, table: Table, state: ContractState, address: str, field: str
) -> None:
    table.walk_to(state)
    client.force_login(table.cast.ars_editor)
    url = BASE + address.format(ars=table.parties["ars"].pk)
    for value in HOSTILE[1:4] if field in ("reason", "no_information_reason") else HOSTILE:
        answer = client.post(url, {field: value, "number": "1"})
        assert answer.status_code == 422, value
        assert "<script>alert" not in answer.content.decode()
    assert table.stored().state == state
    assert not Signature.objects.exists()


def test_an_agreement_and_a_signature_are_withdrawn_with_the_pages(client: Client, table: Table) -> None:
    table.walk_to(S.SIGNATURE)
    pk = table.parties["ars"].pk
    client.force_login(table.signatories["ars"])
    assert client.post(f"{BASE}signatures/{pk}/", {"signed_on": TODAY}).status_code == 302
    assert client.post(f"{BASE}signatures/{pk}/retirer/", {"reason": "Mauvais papier"}).status_code == 302
    assert client.post(f"{BASE}parties/{pk}/retirer/", {"reason": ""}).status_code == 422
    assert client.post(f"{BASE}parties/{pk}/retirer/", {"reason": "À relire"}).status_code == 302
    assert table.stored().state == S.AGREEMENT
    assert "À relire" in page(client, table.cast.prefect_editor)


def test_the_overview_and_the_menu_lead_to_the_way(client: Client, table: Table) -> None:
    table.walk_to(S.AGREEMENT)
    text = page(client, table.signatories["ars"], "/contrats/38-2030/")
    assert f'href="{reverse("agreements:way", args=["38-2030"])}"' in text
    assert "cdppe-workspace-menu__progress--alert" in text


@pytest.mark.parametrize("state", [S.DRAFT, S.IN_FORCE, S.ENDED])
def test_the_stepper_and_the_list_count_alike(client: Client, table: Table, state: ContractState) -> None:
    table.walk_to(state)
    text = page(client, table.cast.council_editor)
    lines = text.split("Le chemin jusqu’à la signature")[1].split("</ol>")[0].count("<li")
    counted = re.search(r"Étape \d sur (\d)", text)
    if state == S.ENDED:
        assert counted is None
        assert lines == 9
    else:
        assert counted is not None
        assert lines == int(counted[1]) == 8
    assert ("Terminé" in text) == (state == S.ENDED)
