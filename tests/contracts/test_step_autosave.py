"""A step of the calendar saves by itself: merged with what others wrote, never a word lost (C3, C4, C5)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import reverse

from cdppe.accounts.models import User
from contracts.actions import journal
from contracts.actions.calendar import STEP_KEYS, TURN_KEYS, add_step, mark_step, remove_step, save_step
from contracts.forms import StepForm
from contracts.models import ContractStep, FieldChange, JournalEntry
from tests.cast import Cast
from tests.contracts.test_autosave import client_of
from tests.contracts.test_calendar_page import signature, step_form

pytestmark = pytest.mark.django_db


def url(step: ContractStep) -> str:
    return reverse("contracts:step-edit", args=[step.contract.reference, step.pk])


def autosave(
    user: User, step: ContractStep, /, *, opened: dict[str, list[str]] | str = "", **typed: Any
) -> HttpResponse:
    """What the script of the page of `step` sends, opened as `step` is: `typed` over it."""
    told = opened if isinstance(opened, str) else json.dumps(opened)
    fields = {name: value for name, value in (step_form(step) | typed).items() if value is not None}
    return client_of(user).post(url(step), fields | {"opened": told}, headers={"X-Autosave": "1"})


def stored(step: ContractStep) -> ContractStep:
    return ContractStep.objects.get(pk=step.pk)


# --- What is saved -----------------------------------------------------------------------------------------


def test_a_word_typed_is_stored_and_the_page_learns_the_time_and_the_version(cast: Cast) -> None:
    step = signature(cast)
    answer = autosave(cast.council_editor, step, responsible="Mme Durand", opened={"responsible": [""]})
    assert answer.status_code == 200
    assert answer.json()["version"] == 2
    assert answer.json()["fields"] == {"version": "2"}
    assert (stored(step).responsible, stored(step).updated_by) == ("Mme Durand", cast.council_editor)


def test_a_step_that_changes_its_name_changes_the_heading_of_its_page(cast: Cast) -> None:
    step = signature(cast)
    answer = autosave(cast.council_editor, step, label="Signer", opened={"label": ["Signature"]}).json()
    assert (answer["heading"], answer["url"]) == ("Signer", url(step))


def test_two_people_who_write_apart_are_merged_and_the_other_s_words_are_shown(cast: Cast) -> None:
    step = signature(cast)
    save_step(step, fields={"responsible": "M. Roux"}, version=1, by=cast.prefect_editor)
    answer = autosave(cast.council_editor, step, resources="Salle Berlioz", opened={"resources": [""]}).json()
    assert answer["taken_over"] == ["responsible"]
    assert answer["fields"]["responsible"] == "M. Roux"
    assert (stored(step).responsible, stored(step).resources) == ("M. Roux", "Salle Berlioz")


def test_two_people_who_each_tick_a_party_tick_both(cast: Cast) -> None:
    step = signature(cast)
    save_step(step, fields={"parties": []}, version=1, by=cast.prefect_editor)
    page = stored(step)
    save_step(page, fields={"parties": ["ars"]}, version=2, by=cast.prefect_editor)
    answer = autosave(cast.council_editor, page, turn_council="on", opened={"turn_council": [""]})
    assert answer.json()["taken_over"] == ["turn_ars"]
    assert answer.json()["fields"]["turn_ars"] == "on"
    assert stored(step).parties == ["ars", "council"]


def test_a_box_that_one_person_unticks_stays_unticked(cast: Cast) -> None:
    step = signature(cast)
    save_step(step, fields={"parties": ["prefecture", "ars"]}, version=1, by=cast.prefect_editor)
    page = stored(step)
    answer = autosave(cast.council_editor, page, turn_ars=None, opened={"turn_ars": ["on"]})
    assert answer.status_code == 200
    assert stored(step).parties == ["prefecture"]


def test_an_institution_that_the_page_does_not_offer_stays_on_the_step(cast: Cast) -> None:
    step = signature(cast)
    ContractStep.objects.filter(pk=step.pk).update(parties=["council", "dgcs"])
    autosave(cast.council_editor, stored(step), turn_ars="on", opened={"turn_ars": [""]})
    assert stored(step).parties == ["ars", "council", "dgcs"]


def test_a_step_marked_done_meanwhile_stays_done_beside_what_one_types(cast: Cast) -> None:
    step = signature(cast)
    mark_step(step, done_on=dt.date(2026, 1, 5), by=cast.prefect_editor)
    answer = autosave(cast.council_editor, step, resources="Salle", opened={"resources": [""]}).json()
    assert answer["fields"]["done_on"] == "2026-01-05"
    assert (stored(step).done_on, stored(step).done_by) == (dt.date(2026, 1, 5), cast.prefect_editor)


def test_a_save_that_changes_nothing_writes_nothing(cast: Cast) -> None:
    step = signature(cast)
    before = JournalEntry.objects.count()
    assert autosave(cast.council_editor, step, opened={}).json()["version"] == 1
    assert (stored(step).version, JournalEntry.objects.count()) == (1, before)


def test_a_sitting_of_autosaves_is_one_line_of_the_journal_and_one_change(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = signature(cast)
    for text in ("M", "Mme", "Mme Durand"):
        autosave(cast.council_editor, step, responsible=text, opened={"responsible": ["", "M", "Mme"]})
    told = JournalEntry.objects.filter(code="calendar.step-saved")
    assert [each.place for each in told] == [f"calendar/{step.pk}"]
    change = FieldChange.objects.get(place=f"calendar/{step.pk}/responsible")
    assert (change.before, change.after, change.by) == (None, "Mme Durand", cast.council_editor)
    monkeypatch.setattr(journal, "SAME_SITTING", dt.timedelta(0))
    autosave(cast.council_editor, step, responsible="", opened={"responsible": ["Mme Durand"]})
    assert told.all().count() == 2


# --- What two people changed -------------------------------------------------------------------------------


def test_what_both_changed_comes_back_with_both_texts_in_words_and_nothing_is_written(cast: Cast) -> None:
    step = signature(cast)
    theirs = {"phase": "negotiation", "resources": "Leur salle", "parties": ["ars"], "theme": "Leur thème"}
    save_step(step, fields=theirs, version=1, by=cast.prefect_editor)
    answer = autosave(
        cast.council_editor,
        step,
        phase="diagnosis",
        resources="Ma salle <b>",
        turn_ars=None,
        opened={"phase": [step.phase], "resources": [""]},
    )
    assert answer.status_code == 409
    content = answer.json()
    assert str(cast.prefect_editor) in content["sentence"]
    assert "Ma salle &lt;b&gt;" in " ".join(
        content["html"].replace("<mark>", "").replace("</mark>", "").split()
    )
    assert "Leur salle" in content["html"].replace("<mark>", "").replace("</mark>", "")
    # A choice of a list is shown by its words, sent by its value.
    assert 'data-conflict-theirs="negotiation"' in content["html"]
    assert "Négociation" in content["html"]
    # What the person did not touch is shown as it now is, and not asked.
    assert 'data-conflict-field="theme"' not in content["html"]
    assert content["fields"]["theme"] == "Leur thème"
    assert (stored(step).phase, stored(step).resources, stored(step).version) == (
        "negotiation",
        "Leur salle",
        2,
    )


def test_a_party_that_both_changed_is_named_with_what_it_is_for(cast: Cast) -> None:
    step = signature(cast)
    save_step(step, fields={"parties": []}, version=1, by=cast.prefect_editor)
    save_step(step, fields={"parties": ["council"]}, version=2, by=cast.prefect_editor)
    # Opened ticked, unticked by somebody, ticked again: only a page that lost track may clash on a box.
    answer = autosave(cast.council_editor, stored(step), turn_council=None, opened={"turn_council": [""]})
    assert answer.status_code == 409
    assert "À qui de jouer : Conseil départemental" in answer.json()["html"]
    assert 'data-conflict-theirs="on"' in answer.json()["html"]


def test_ones_own_text_sent_twice_because_the_answer_was_lost_is_no_conflict(cast: Cast) -> None:
    step = signature(cast)
    autosave(cast.council_editor, step, theme="Cadrage", opened={"theme": [step.theme]})
    again = autosave(cast.council_editor, step, theme="Cadrage 2", opened={"theme": [step.theme, "Cadrage"]})
    assert again.status_code == 200
    assert stored(step).theme == "Cadrage 2"


def test_without_a_script_the_second_sees_both_and_saves_on_top(cast: Cast) -> None:
    step = signature(cast)
    opened = step_form(step, phase="diagnosis", turn_council="on")
    save_step(step, fields={"phase": "negotiation"}, version=1, by=cast.prefect_editor)
    client = client_of(cast.council_editor)
    refused = client.post(url(step), opened)
    assert refused.status_code == 409
    shown = refused.content.decode()
    assert "Négociation" in shown
    assert 'name="version" value="2"' in shown
    assert client.post(url(step), opened | {"version": 2}).status_code == 302
    assert stored(step).phase == "diagnosis"


# --- What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["", "abc", "0", "-1", "9" * 30, "1.5", "1\x00", "²"])
def test_a_version_that_is_none_asks_for_a_new_page(cast: Cast, version: str) -> None:
    step = signature(cast)
    answer = autosave(cast.council_editor, step, version=version, theme="x", opened={"theme": [step.theme]})
    assert answer.status_code == 422
    assert "Rechargez la page" in answer.json()["problems"]["version"]
    assert stored(step).version == 1


def test_a_page_of_another_step_or_of_another_contract_is_refused(cast: Cast) -> None:
    step = signature(cast)
    others = [
        cast.foreign_contract.calendar_steps.first(),
        add_step(cast.contract, fields={"label": "Comité"}, by=cast.prefect_editor),
    ]
    for other in others:
        assert other is not None
        answer = autosave(
            cast.council_editor,
            step,
            place=f"calendar/{other.pk}",
            theme="x",
            opened={"theme": [step.theme]},
        )
        assert answer.status_code == 422
        assert "un autre objet" in answer.json()["problems"]["place"]
    assert stored(step).version == 1


@pytest.mark.parametrize("opened", ["{", "[]", '{"theme": "x"}', '{"theme": []}', "[" * 100_000])
def test_a_page_that_garbles_what_it_opened_is_refused(cast: Cast, opened: str) -> None:
    step = signature(cast)
    answer = autosave(cast.council_editor, step, theme="x", opened=opened)
    assert answer.status_code == 422
    assert "Rechargez la page" in answer.json()["problems"]["opened"]
    assert stored(step).version == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\x00b", "nul"),
        ("a\x1fb", "caractère de contrôle"),
        ("a\u202eb", "sens de lecture"),
        ("a\ufffdb", "illisible"),
        ("é" * 500_000, "4000"),
        ("\t".join(["12"] * 10_000), "4000"),
    ],
)
def test_a_text_that_cannot_be_kept_is_refused_with_a_sentence_and_nothing_half_written(
    cast: Cast, text: str, said: str
) -> None:
    step = signature(cast)
    answer = autosave(
        cast.council_editor,
        step,
        description=text,
        theme="Autre",
        opened={"description": [step.description], "theme": [step.theme]},
    )
    assert answer.status_code == 422
    assert said in answer.json()["problems"]["description"]
    assert (stored(step).version, stored(step).theme) == (1, step.theme)


@pytest.mark.parametrize("value", ["douze", "=1+1", "1e9", "-", "1\t2", "٣٣٣٣", "9" * 400])
def test_a_text_or_a_formula_in_a_number_is_refused_in_a_sentence(cast: Cast, value: str) -> None:
    step = signature(cast)
    answer = autosave(
        cast.council_editor, step, days_before=value, opened={"days_before": [str(step.days_before)]}
    )
    assert answer.status_code == 422
    assert "Écrivez un nombre entier de jours" in answer.json()["problems"]["days_before"]
    assert stored(step).version == 1


def test_a_text_that_begins_like_a_formula_is_a_text(cast: Cast) -> None:
    step = signature(cast)
    assert (
        autosave(cast.council_editor, step, theme="=1+1", opened={"theme": [step.theme]}).status_code == 200
    )
    assert stored(step).theme == "=1+1"


def test_half_a_character_sent_as_bytes_is_refused(cast: Cast) -> None:
    step = signature(cast)
    answer = client_of(cast.council_editor).post(
        url(step),
        "version=1&lasting_days=1&label=a%ED%A0%80b",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Autosave": "1"},
    )
    assert answer.status_code == 422
    assert "illisible" in answer.json()["problems"]["label"]


def test_a_name_that_is_erased_is_told_and_kept_in_the_base(cast: Cast) -> None:
    step = signature(cast)
    answer = autosave(cast.council_editor, step, label="", opened={"label": [step.label]})
    assert answer.json() == {"problems": {"label": "Donnez un nom à l’étape."}}
    assert stored(step).label == step.label


def test_everybody_else_is_told_why_in_a_sentence(cast: Cast) -> None:
    step = signature(cast)
    opened = {"theme": [step.theme]}
    reader = autosave(cast.council_reader, step, theme="x", opened=opened)
    assert (reader.status_code, reader.json()["sentence"]) == (
        403,
        "votre rôle ne permet plus d’écrire ici.",
    )
    outsider = autosave(cast.foreign_editor, step, theme="x", opened=opened)
    assert outsider.status_code == 404
    own = add_step(cast.contract, fields={"label": "Comité"}, by=cast.prefect_editor)
    remove_step(ContractStep.objects.get(pk=own.pk), by=cast.prefect_editor)
    gone = client_of(cast.council_editor).post(url(own), {}, headers={"X-Autosave": "1"})
    assert (gone.status_code, "n’existe plus" in gone.json()["sentence"]) == (404, True)


def test_the_page_carries_what_the_script_needs(cast: Cast) -> None:
    step = signature(cast)
    shown = client_of(cast.council_editor).get(url(step)).content.decode()
    assert "data-autosave" in shown
    assert f'data-draft="{cast.council_editor.pk}"' in shown
    assert f'name="place" value="calendar/{step.pk}"' in shown
    assert f'data-presence-place="calendar/{step.pk}"' in shown


def test_the_keys_of_the_action_are_those_of_the_form(cast: Cast) -> None:
    form = StepForm(instance=signature(cast), contract=cast.contract)
    assert set(STEP_KEYS) == set(form.fields) - {"version", "place", "opened"}
    assert set(TURN_KEYS) < set(STEP_KEYS)
