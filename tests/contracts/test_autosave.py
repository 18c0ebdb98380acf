"""Pages that save by themselves: the general information, the diagnosis, refusals and how they are told."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import User
from contracts.actions import journal
from contracts.actions.contracts import DETAIL_FIELDS, save_details
from contracts.actions.diagnosis import save_diagnosis
from contracts.actions.history import restore_text
from contracts.models import Contract, Diagnosis, FieldChange
from contracts.workflow import ContractState
from tests.cast import Cast

pytestmark = pytest.mark.django_db

SECTIONS = [
    {"code": "territory", "title": "Le territoire", "help": "Ce qui le distingue."},
    {"code": "needs", "title": "Les besoins", "help": "Ce qui manque."},
]


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """Isère's contract, its campaign with two sections of diagnosis."""
    cast.campaign.spec = {"diagnosis": SECTIONS}
    cast.campaign.save()
    cast.contract.campaign = cast.campaign
    return cast.contract


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def autosave(user: User, url: str, data: dict[str, Any], **opened: list[str]) -> HttpResponse:
    """What the script of the page sends: the form, and the texts that it was opened with."""
    body = {**data, "opened": json.dumps(opened)} if "opened" not in data else data
    return client_of(user).post(url, body, headers={"X-Autosave": "1"})


def details(contract: Contract) -> str:
    return reverse("contracts:details-edit", args=[contract.reference])


def diagnosis(contract: Contract) -> str:
    return reverse("contracts:diagnosis", args=[contract.reference])


# --- What is saved -----------------------------------------------------------------------------------------


def test_a_change_is_stored_and_the_page_learns_the_time_and_the_version(cast: Cast) -> None:
    answer = autosave(
        cast.council_editor, details(cast.contract), {"version": 1, "court": "Grenoble"}, court=[""]
    )
    assert answer.status_code == 200
    content = answer.json()
    assert content["saved_at"] == f"{timezone.localtime():%H:%M}"
    assert (content["version"], content["fields"]["version"]) == (2, "2")
    cast.contract.refresh_from_db()
    assert (cast.contract.court, cast.contract.version) == ("Grenoble", 2)


def test_fields_that_two_people_changed_apart_are_merged_without_asking(cast: Cast) -> None:
    save_details(
        cast.contract, fields={"court": "Grenoble"}, representatives={}, version=1, by=cast.prefect_editor
    )
    answer = autosave(
        cast.council_editor,
        details(cast.contract),
        {"version": 1, "court": "", "signed_at_place": "Vizille", "planned_effect_on": "2030-10-30"},
        signed_at_place=[""],
    )
    assert answer.status_code == 200
    assert answer.json()["taken_over"] == ["court"]
    assert answer.json()["fields"]["court"] == "Grenoble"
    cast.contract.refresh_from_db()
    assert (cast.contract.court, cast.contract.signed_at_place) == ("Grenoble", "Vizille")


def test_a_field_that_both_changed_comes_back_with_both_texts_and_nothing_is_written(cast: Cast) -> None:
    save_details(
        cast.contract,
        fields={"court": "Grenoble <b>", "deliberation_number": "12"},
        representatives={},
        version=1,
        by=cast.prefect_editor,
    )
    data = {"version": 1, "court": "Lyon", "planned_effect_on": "2030-10-30"}
    answer = autosave(cast.council_editor, details(cast.contract), data, court=[""])
    assert answer.status_code == 409
    content = answer.json()
    assert 'data-conflict-field="court"' in content["html"]
    assert 'data-conflict-theirs="Grenoble &lt;b&gt;"' in content["html"]
    assert "Lyon" in content["html"]
    assert str(cast.prefect_editor) in content["sentence"]
    # What the person did not touch is shown as it now is, and not asked.
    assert 'data-conflict-field="deliberation_number"' not in content["html"]
    assert content["fields"] == {"deliberation_number": "12"}
    cast.contract.refresh_from_db()
    assert (cast.contract.court, cast.contract.version) == ("Grenoble <b>", 2)
    chosen = autosave(
        cast.council_editor, details(cast.contract), {"version": 1, "court": "Lyon"}, court=["Grenoble <b>"]
    )
    assert chosen.status_code == 200
    cast.contract.refresh_from_db()
    assert (cast.contract.court, cast.contract.deliberation_number) == ("Lyon", "12")


def test_ones_own_text_sent_twice_because_the_answer_was_lost_is_no_conflict(cast: Cast) -> None:
    url = details(cast.contract)
    autosave(cast.council_editor, url, {"version": 1, "court": "Gre"}, court=[""])
    again = autosave(cast.council_editor, url, {"version": 1, "court": "Grenoble"}, court=["", "Gre"])
    assert again.status_code == 200
    cast.contract.refresh_from_db()
    assert cast.contract.court == "Grenoble"


def test_ones_other_window_is_named_as_such(cast: Cast) -> None:
    url = details(cast.contract)
    autosave(cast.council_editor, url, {"version": 1, "court": "Lyon"}, court=[""])
    answer = autosave(cast.council_editor, url, {"version": 1, "court": "Grenoble"}, court=[""])
    assert answer.status_code == 409
    assert "par vous-même, dans une autre fenêtre" in answer.json()["sentence"]


def test_saving_by_itself_leaves_one_line_a_sitting_in_the_journal(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = details(cast.contract)
    for court in ("G", "Gr", "Gre"):
        autosave(cast.council_editor, url, {"court": court, "version": 1}, court=["", "G", "Gr"])
    autosave(cast.ars_editor, url, {"signed_at_place": "Vizille", "version": 1}, signed_at_place=[""])
    events = cast.contract.events.filter(code="contract.details-saved")
    assert sorted(str(event.by) for event in events) == sorted(
        [str(cast.council_editor), str(cast.ars_editor)]
    )
    monkeypatch.setattr(journal, "SAME_SITTING", dt.timedelta(0))
    autosave(cast.council_editor, url, {"court": "Grenoble", "version": 1}, court=["Gre"])
    assert events.filter(by=cast.council_editor).count() == 2


def test_a_save_that_changes_nothing_writes_nothing(cast: Cast) -> None:
    answer = autosave(cast.council_editor, details(cast.contract), {"version": 1, "court": "x"})
    assert answer.status_code == 200
    cast.contract.refresh_from_db()
    assert (cast.contract.version, cast.contract.events.count()) == (1, 0)
    assert cast.contract.court == ""


# --- The diagnosis -----------------------------------------------------------------------------------------


def test_the_first_text_of_a_diagnosis_makes_it_and_readers_read_it(cast: Cast, contract: Contract) -> None:
    answer = autosave(
        cast.ars_editor,
        diagnosis(contract),
        {"version": 1, "section-needs": "Peu de PMI\r\nen montagne"},
        **{"section-needs": [""]},
    )
    assert answer.status_code == 200
    assert Diagnosis.objects.get().texts.get().text == "Peu de PMI\nen montagne"
    page = client_of(cast.dgcs_reader).get(diagnosis(contract)).text
    assert "Les besoins" in page
    assert "Peu de PMI\nen montagne" in page
    assert "<textarea" not in page
    assert "1/2" in page


def test_two_sections_written_at_once_are_both_kept_and_one_is_asked(cast: Cast, contract: Contract) -> None:
    save_diagnosis(contract, texts={"territory": "Alpes"}, version=1, by=cast.prefect_editor)
    url = diagnosis(contract)
    apart = autosave(cast.ars_editor, url, {"version": 1, "section-needs": "PMI"}, **{"section-needs": [""]})
    assert apart.json()["fields"]["section-territory"] == "Alpes"
    clash = autosave(
        cast.council_editor, url, {"version": 1, "section-territory": "Isère"}, **{"section-territory": [""]}
    )
    assert clash.status_code == 409
    assert 'data-conflict-field="section-territory"' in clash.json()["html"]
    texts = dict(Diagnosis.objects.get().texts.values_list("code", "text"))
    assert texts == {"territory": "Alpes", "needs": "PMI"}


def test_an_emptied_section_leaves_no_row(cast: Cast, contract: Contract) -> None:
    save_diagnosis(contract, texts={"territory": "Alpes"}, version=1, by=cast.prefect_editor)
    answer = autosave(
        cast.council_editor,
        diagnosis(contract),
        {"version": 2, "section-territory": ""},
        **{"section-territory": ["Alpes"]},
    )
    assert answer.status_code == 200
    assert not Diagnosis.objects.get().texts.exists()


def test_without_a_script_the_diagnosis_is_saved_by_its_button(cast: Cast, contract: Contract) -> None:
    client = client_of(cast.council_editor)
    answer = client.post(diagnosis(contract), {"version": 1, "section-territory": "Alpes"})
    assert answer.status_code == 302
    stale = client_of(cast.ars_editor).post(diagnosis(contract), {"version": 1, "section-territory": "Isère"})
    assert stale.status_code == 409
    assert "Alpes" in stale.text
    assert "Isère" in stale.text
    assert 'name="version" value="2"' in stale.text
    assert Diagnosis.objects.get().texts.get().text == "Alpes"


def test_a_campaign_without_sections_has_one_text(cast: Cast) -> None:
    page = client_of(cast.council_editor).get(diagnosis(cast.contract)).text
    assert page.count("<textarea") == 1


def test_a_section_that_the_campaign_does_not_have_is_a_programming_error(
    cast: Cast, contract: Contract
) -> None:
    with pytest.raises(TypeError, match="nowhere"):
        save_diagnosis(contract, texts={"nowhere": "x"}, version=1, by=cast.council_editor)


# --- What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["", "abc", "0", "-1", "9" * 30, "1.5", "1\x00", "²"])
def test_a_version_that_is_none_asks_for_a_new_page(cast: Cast, version: str) -> None:
    answer = autosave(
        cast.council_editor, details(cast.contract), {"version": version, "court": "Lyon"}, court=[""]
    )
    assert answer.status_code == 422
    assert "version" in answer.json()["problems"]
    assert not any(name in str(answer.json()) for name in ("Traceback", "invalid"))
    cast.contract.refresh_from_db()
    assert (cast.contract.court, cast.contract.version) == ("", 1)


def test_a_version_of_another_contract_is_refused(cast: Cast) -> None:
    other = f"details/{cast.foreign_contract.pk}"
    answer = autosave(
        cast.council_editor,
        details(cast.contract),
        {"version": 1, "place": other, "court": "Lyon"},
        court=[""],
    )
    assert answer.status_code == 422
    assert "un autre objet" in answer.json()["problems"]["place"]
    cast.contract.refresh_from_db()
    assert cast.contract.court == ""


@pytest.mark.parametrize(
    "opened",
    [
        "{",
        "[]",
        "null",
        '{"court": "x"}',
        '{"court": []}',
        '{"court": [1]}',
        '{"court": [null]}',
        json.dumps({"court": ["x"] * 51}),
        "[" * 100_000,
    ],
)
def test_a_page_that_garbles_what_it_opened_is_refused(cast: Cast, opened: str) -> None:
    answer = autosave(
        cast.council_editor, details(cast.contract), {"version": 1, "court": "Lyon", "opened": opened}
    )
    assert answer.status_code == 422
    assert "Rechargez la page" in answer.json()["problems"]["opened"]
    cast.contract.refresh_from_db()
    assert cast.contract.court == ""


@pytest.mark.parametrize("text", [chr(0xD800), "\x00", "\u202e", "x" * 200_000])
def test_an_opened_text_that_cannot_be_stored_equals_nothing(cast: Cast, text: str) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(court="Grenoble")
    answer = autosave(
        cast.council_editor, details(cast.contract), {"version": 1, "court": "Lyon"}, court=[text]
    )
    assert answer.status_code == 409
    cast.contract.refresh_from_db()
    assert cast.contract.court == "Grenoble"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\x00b", "nul"),
        ("a\x1fb", "caractère de contrôle"),
        ("a\u202eb", "sens de lecture"),
        ("a\ufffdb", "illisible"),
        ("é" * 500_000, "40000"),
    ],
)
def test_a_text_that_cannot_be_kept_is_refused_with_a_sentence(
    cast: Cast, contract: Contract, text: str, said: str
) -> None:
    answer = autosave(
        cast.council_editor,
        diagnosis(contract),
        {"version": 1, "section-needs": text, "section-territory": "Alpes"},
        **{"section-needs": [""], "section-territory": [""]},
    )
    assert answer.status_code == 422
    assert said in answer.json()["problems"]["section-needs"]
    assert not Diagnosis.objects.exists()


def test_half_a_character_sent_as_bytes_is_refused(cast: Cast, contract: Contract) -> None:
    answer = client_of(cast.council_editor).post(
        diagnosis(contract),
        "version=1&section-needs=a%ED%A0%80b",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Autosave": "1"},
    )
    assert answer.status_code == 422
    assert "illisible" in answer.json()["problems"]["section-needs"]


def test_everybody_else_is_told_why_in_a_sentence(cast: Cast, contract: Contract) -> None:
    data = {"version": 1, "court": "Lyon"}
    reader = autosave(cast.council_reader, details(contract), data, court=[""])
    assert (reader.status_code, reader.json()["sentence"]) == (
        403,
        "votre rôle ne permet plus d’écrire ici.",
    )
    outsider = autosave(cast.foreign_editor, details(contract), data, court=[""])
    assert outsider.status_code == 404
    assert "n’existe plus" in outsider.json()["sentence"]
    Contract.objects.filter(pk=contract.pk).update(state=ContractState.DRAFT)
    closed = autosave(cast.council_editor, details(contract), data, court=[""])
    assert closed.status_code == 422
    assert "Rouvrez d’abord la négociation" in closed.json()["problems"][""]
    contract.refresh_from_db()
    assert contract.court == ""


def test_a_text_is_not_saved_under_the_name_of_somebody_else(cast: Cast) -> None:
    """Somebody else signed in since, in the same browser: the page still holds the former person's text."""
    answer = client_of(cast.ars_editor).post(
        details(cast.contract),
        {"version": 1, "court": "Lyon", "opened": '{"court": [""]}'},
        headers={"X-Autosave": "1", "X-Autosave-Person": str(cast.council_editor.pk)},
    )
    assert answer.status_code == 403
    assert "sous un autre nom" in answer.json()["sentence"]
    cast.contract.refresh_from_db()
    assert cast.contract.court == ""


def test_an_expired_session_is_a_redirect_and_nothing_else_redirects(cast: Cast) -> None:
    answer = Client().post(details(cast.contract), {"court": "x"}, headers={"X-Autosave": "1"})
    assert answer.status_code == 302
    assert "/connexion/" in answer.headers["Location"]


def test_a_form_refused_by_its_button_carries_what_the_page_was_opened_with(cast: Cast) -> None:
    page = (
        client_of(cast.council_editor)
        .post(
            details(cast.contract),
            {"version": 1, "deliberation_on": "hier", "court": "Lyon", "opened": '{"court": [""]}'},
        )
        .text
    )
    assert 'name="opened" value="{&quot;court&quot;: [&quot;&quot;]}"' in page


def test_the_fields_of_the_action_are_those_of_the_form(cast: Cast) -> None:
    page = client_of(cast.council_editor).get(details(cast.contract)).text
    for name in DETAIL_FIELDS:
        assert f'name="{name}"' in page
    assert "data-autosave" in page


def test_a_section_of_the_diagnosis_is_kept_found_and_brought_back(cast: Cast, contract: Contract) -> None:
    save_diagnosis(contract, texts={"needs": "Peu de médecins"}, version=1, by=cast.prefect_editor)
    save_diagnosis(contract, texts={"needs": "Assez de médecins"}, version=2, by=cast.ars_editor)
    change = FieldChange.objects.get(by=cast.ars_editor)
    assert (change.object_label, change.field_label) == ("Diagnostic partagé", "Les besoins")
    assert (change.before, change.after) == ("Peu de médecins", "Assez de médecins")
    found = client_of(cast.council_reader).get(
        reverse("contracts:search", args=[contract.reference]), {"q": "médecins"}
    )
    assert diagnosis(contract) in found.text
    restore_text(change, former=True, by=cast.council_editor)
    assert Diagnosis.objects.get().texts.get().text == "Peu de médecins"


def test_a_sitting_of_autosaves_is_one_change_of_the_history(cast: Cast) -> None:
    for court in ("G", "Gre", "Grenoble"):
        autosave(
            cast.council_editor,
            details(cast.contract),
            {"court": court, "version": 1},
            court=["", "G", "Gre"],
        )
    change = FieldChange.objects.get(place="details//court")
    assert (change.before, change.after, change.by) == (None, "Grenoble", cast.council_editor)
