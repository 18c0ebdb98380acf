"""The calendar of a contract: its page, its gestures, two people at once, extensions (C2 to C5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.actions.calendar import (
    add_step,
    bring_step_forward,
    grant_extension,
    mark_step,
    remove_step,
    save_step,
    set_effect_date,
    settle_deadline,
    withdraw_extension,
)
from contracts.actions.contracts import create_contract
from contracts.kept import restore_step_text
from contracts.models import (
    Contract,
    ContractStep,
    Deadline,
    DeadlineExtension,
    FieldChange,
    JournalEntry,
    RetroplanningStep,
)
from contracts.overview import duties_of, with_facts
from contracts.parts import measure_calendar
from contracts.places import Place, locate
from contracts.workflow import ContractState
from contracts.workspace import Progress, Stage
from tests.cast import Cast
from tests.contracts.test_retroplanning import ANNEX
from tests.factories import CampaignFactory, ContractFactory, TerritoryFactory
from tests.queries import count_queries

SUNDAY = dt.date(2030, 10, 13)


def page(client: Client, cast: Cast, part: str = "", *, person: Any = None) -> str:
    client.force_login(person or cast.council_editor)
    answer = client.get(f"/contrats/38-2030/calendrier/{part}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def own_step(cast: Cast, **fields: Any) -> ContractStep:
    return add_step(cast.contract, fields={"label": "Comité de pilotage"} | fields, by=cast.council_editor)


def step_form(step: ContractStep, **changes: Any) -> dict[str, Any]:
    """What the browser posts of the form of `step`."""
    return {
        "label": step.label,
        "description": step.description,
        "phase": step.phase,
        "theme": step.theme,
        "responsible": step.responsible,
        "resources": step.resources,
        **{f"turn_{party}": "on" for party in step.parties},
        "days_before": "" if step.days_before is None else step.days_before,
        "fixed_on": step.fixed_on or "",
        "done_on": step.done_on or "",
        "lasting_days": step.lasting_days,
        "version": step.version,
    } | changes


def signature(cast: Cast) -> ContractStep:
    return cast.contract.calendar_steps.get(campaign_step__code="signature")


# --- Deriving the steps ------------------------------------------------------------------------------------


def test_c3_a_new_contract_has_the_annex_s_steps_to_the_day(db: None) -> None:
    territory = TerritoryFactory()
    campaign = CampaignFactory(
        year=2020, territories=[territory], planned_effect_on=dt.date(2020, 10, 30), catalogue=False
    )
    for position, (code, (days, _)) in enumerate(ANNEX.items(), start=1):
        RetroplanningStep.objects.create(
            campaign=campaign, code=code, label=code, days_before=days, position=position
        )
    contract = create_contract(campaign, territory, by=None)
    dates = {step.label: step.on(contract.planned_effect_on) for step in contract.calendar_steps.all()}
    assert dates == {code: on for code, (_, on) in ANNEX.items()}
    assert contract.calendar_steps.get(label="adoption").parties == ["council"]


# --- The page ----------------------------------------------------------------------------------------------


def test_the_page_shows_the_date_the_state_and_what_a_date_falls_on(client: Client, cast: Cast) -> None:
    own_step(cast, fixed_on=SUNDAY, responsible="Mme Durand", resources="Salle Berlioz")
    shown = page(client, cast)
    assert "mardi 15 octobre 2030" in shown
    assert "J − 15" in shown
    assert "dimanche 13 octobre 2030" in shown
    assert '<span class="cdppe-day-off">dimanche</span>' in shown
    assert "Avancer au vendredi 11 octobre" in shown
    assert "Mme Durand" in shown
    assert "Salle Berlioz" in shown


def test_without_a_date_of_effect_the_page_says_what_to_do(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(planned_effect_on=None)
    shown = page(client, cast)
    assert "La date de prise d’effet n’est pas encore fixée" in shown
    assert "/contrats/38-2030/calendrier/prise-d-effet/" in shown
    assert "Aucune étape n’a de date" in shown
    assert "prise-d-effet" not in page(client, cast, person=cast.council_reader)


def test_a_reader_sees_everything_and_no_gesture(client: Client, cast: Cast) -> None:
    step = own_step(cast, fixed_on=SUNDAY)
    shown = page(client, cast, person=cast.council_reader)
    assert step.label in shown
    assert f"/etapes/{step.pk}/" not in shown
    assert "Avancer au" not in shown


def test_the_gantt_is_a_drawing_whose_bars_lead_to_their_steps(client: Client, cast: Cast) -> None:
    step = signature(cast)
    for part in ("", "gantt/"):
        shown = page(client, cast, part)
        assert f'href="/contrats/38-2030/calendrier/#step-{step.pk}"' in shown
        assert 'aria-label="Signature : le 15 oct. 2030' in shown
        assert " style=" not in shown


def test_a_task_of_the_annex_is_added_in_one_gesture(client: Client, cast: Cast) -> None:
    cast.campaign.spec = {"gantt": [{"theme": "Cadrage", "task": "Programmation"}]}
    cast.campaign.save()
    assert "Ajouter «&nbsp;Programmation&nbsp;»" in page(client, cast)
    shown = page(client, cast, "etapes/ajouter/?tache=0")
    assert 'value="Programmation"' in shown
    assert 'value="Cadrage"' in shown
    for forged in ("7", "-1", "²", "9" * 30, "x"):
        page(client, cast, f"etapes/ajouter/?tache={forged}")
    own_step(cast, label="programmation")
    assert "Ajouter «&nbsp;Programmation&nbsp;»" not in page(client, cast)


def test_the_phases_of_the_annex_are_dated_by_their_steps(client: Client, cast: Cast) -> None:
    own_step(cast, phase="diagnosis", fixed_on=dt.date(2030, 6, 3))
    shown = page(client, cast)
    assert shown.index("1. Diagnostic") < shown.index("2. Négociation") < shown.index("3. Signature")
    assert "3 juin 2030" in shown
    assert 'cdppe-phases__phase--current" aria-current="step"> <p class="fr-text--bold fr-mb-1v"> 1.' in shown


@pytest.mark.parametrize("part", ["", "gantt/"])
def test_the_page_asks_as_many_queries_for_fifty_steps_as_for_five(
    client: Client, cast: Cast, part: str
) -> None:
    client.force_login(cast.council_editor)

    def ask() -> None:
        assert client.get(f"/contrats/38-2030/calendrier/{part}").status_code == 200

    for rank in range(5):
        own_step(cast, label=f"Étape {rank}", days_before=rank)
    few = count_queries(ask)
    for rank in range(5, 50):
        own_step(cast, label=f"Étape {rank}", days_before=rank)
        Deadline.objects.create(
            campaign=cast.campaign, code=f"e{rank}", label=f"E {rank}", due_on=SUNDAY, parties=["ars"]
        )
    assert count_queries(ask) == few


def test_the_menu_counts_what_is_late_and_alerts_whose_turn_it_is(client: Client, cast: Cast) -> None:
    def measured(person: User) -> Progress:
        contract = with_facts(Contract.objects.filter(pk=cast.contract.pk)).get()
        return measure_calendar(contract, User.objects.get(pk=person.pk))

    yesterday = timezone.localdate() - dt.timedelta(days=1)
    assert measured(cast.council_editor).stage != Stage.ALERT
    own_step(cast, fixed_on=yesterday, parties=["council"])
    assert measured(cast.council_editor).stage == Stage.ALERT
    assert "1 échéance en retard" in page(client, cast)
    assert measured(cast.prefect_editor).stage != Stage.ALERT


def test_a_period_that_is_over_is_no_success_while_its_steps_are_undone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "localdate", lambda: dt.date(2099, 1, 1))
    contract = with_facts(Contract.objects.filter(pk=cast.contract.pk)).get()
    measured = measure_calendar(contract, User.objects.get(pk=cast.council_editor.pk))
    assert (measured.stage, measured.text) == (Stage.EMPTY, "fini")


def test_the_overview_leads_to_each_line_of_the_calendar(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    shown = client.get("/contrats/38-2030/").content.decode()
    assert f'href="/contrats/38-2030/calendrier/#step-{signature(cast).pk}"' in shown


def test_a_place_in_the_calendar_has_words_and_an_address(cast: Cast) -> None:
    step = signature(cast)
    here, field, gone = (
        Place("calendar", step.pk),
        Place("calendar", step.pk, "fixed_on"),
        Place("calendar", 10**9),
    )
    found = locate(cast.contract, [here, field, gone])
    assert found[here].label == "Étape « Signature »"
    assert found[field].url == f"/contrats/38-2030/calendrier/etapes/{step.pk}/#id_fixed_on"
    assert gone not in found
    assert locate(cast.foreign_contract, [here]) == {}


# --- Writing -----------------------------------------------------------------------------------------------


def test_a_step_is_saved_and_its_day_off_is_told(client: Client, cast: Cast) -> None:
    step = signature(cast)
    client.force_login(cast.council_editor)
    url = reverse("contracts:step-edit", args=["38-2030", step.pk])
    typed = step_form(step, days_before=17, turn_ars="on", turn_council="on")
    typed.pop("turn_prefecture", None)
    answer = client.post(url, typed, follow=True)
    assert "Attention, elle tombe un jour non ouvré : 13 octobre 2030, dimanche." in answer.content.decode()
    step.refresh_from_db()
    assert (step.days_before, step.parties, step.version) == (17, ["ars", "council"], 2)
    assert step.updated_by == cast.council_editor


def test_of_two_who_save_one_step_the_second_sees_both_and_nothing_is_lost(
    client: Client, cast: Cast
) -> None:
    step = signature(cast)
    opened = step_form(step, responsible="Moi")
    save_step(step, fields={"responsible": "Quelqu’un"}, version=1, by=cast.prefect_editor)
    client.force_login(cast.council_editor)
    url = reverse("contracts:step-edit", args=["38-2030", step.pk])
    answer = client.post(url, opened)
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "Quelqu’un" in shown
    assert 'value="Moi"' in shown
    assert 'name="version" value="2"' in shown
    step.refresh_from_db()
    assert step.responsible == "Quelqu’un"


@pytest.mark.parametrize("version", ["", "-1", "x", "9" * 30])
def test_a_missing_or_forged_version_writes_nothing(client: Client, cast: Cast, version: str) -> None:
    step = signature(cast)
    client.force_login(cast.council_editor)
    url = reverse("contracts:step-edit", args=["38-2030", step.pk])
    answer = client.post(url, step_form(step, label="Autre", version=version))
    assert answer.status_code in (409, 422)
    step.refresh_from_db()
    assert step.label == "Signature"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("fixed_on", "0001-01-01", "Écrivez une date entre le 1 janvier 2028 et le 31 décembre 2034."),
        ("fixed_on", "9999-12-31", "Écrivez une date entre le 1 janvier 2028 et le 31 décembre 2034."),
        ("fixed_on", "demain", "Écrivez une date sous la forme jj/mm/aaaa."),
        ("days_before", "1000000000", "Écrivez un nombre entier de jours, de -1000 à 1000."),
        ("days_before", "9" * 400, "Écrivez un nombre entier de jours, de -1000 à 1000."),
        ("days_before", "beaucoup", "Écrivez un nombre entier de jours, de -1000 à 1000."),
        ("lasting_days", "0", "Écrivez un nombre entier de jours, de 1 à 400."),
        ("done_on", "2033-01-01", "Une étape faite l’est au plus tard aujourd’hui"),
        ("phase", "lune", "Choisissez une phase de la liste."),
        ("label", "", "Donnez un nom à l’étape."),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence_and_kept(
    client: Client, cast: Cast, field: str, value: Any, said: str
) -> None:
    step = signature(cast)
    client.force_login(cast.council_editor)
    url = reverse("contracts:step-edit", args=["38-2030", step.pk])
    answer = client.post(url, step_form(step) | {field: value})
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&nbsp;", " ").replace("1er janvier", "1 janvier")
    step.refresh_from_db()
    assert step.version == 1


def test_another_contract_s_step_does_not_exist_in_one_s_own(client: Client, cast: Cast) -> None:
    foreign = cast.foreign_contract.calendar_steps.get(campaign_step__code="signature")
    client.force_login(cast.council_editor)
    for name in ("step-edit", "step-remove", "step-mark", "step-bring-forward"):
        assert client.post(reverse(f"contracts:{name}", args=["38-2030", foreign.pk])).status_code == 404
    foreign.refresh_from_db()
    assert (foreign.version, foreign.done_on) == (1, None)


def test_an_own_step_is_removed_and_the_campaign_s_is_not(client: Client, cast: Cast) -> None:
    step = own_step(cast)
    client.force_login(cast.council_editor)
    assert client.post(reverse("contracts:step-remove", args=["38-2030", step.pk])).status_code == 302
    assert not ContractStep.objects.filter(pk=step.pk).exists()
    kept = signature(cast)
    answer = client.post(reverse("contracts:step-remove", args=["38-2030", kept.pk]))
    assert answer.status_code == 409
    assert "elle ne se retire pas" in answer.content.decode()
    with pytest.raises(WrongState):
        remove_step(step, by=cast.council_editor)


def test_a_step_sent_twice_is_added_once(cast: Cast) -> None:
    own_step(cast)
    with pytest.raises(RuleViolation, match="déjà une étape"):
        own_step(cast)
    with pytest.raises(TypeError):
        own_step(cast, label="Autre", contract=cast.foreign_contract)


def test_a_step_is_marked_done_once_by_somebody_and_can_be_taken_back(client: Client, cast: Cast) -> None:
    step = signature(cast)
    client.force_login(cast.prefect_editor)
    url = reverse("contracts:step-mark", args=["38-2030", step.pk])
    for _ in range(2):
        assert client.post(url, {"done": "yes"}).status_code == 302
    step.refresh_from_db()
    assert (step.done_on, step.done_by, step.version) == (timezone.localdate(), cast.prefect_editor, 2)
    client.post(url, {"done": "no"})
    step.refresh_from_db()
    assert (step.done_on, step.done_by) == (None, None)


def test_the_calendar_of_a_finalised_draft_still_takes_what_is_done(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.DRAFT)
    step = signature(cast)
    mark_step(step, done_on=timezone.localdate(), by=cast.council_editor)
    step.refresh_from_db()
    assert step.done_on is not None
    client.force_login(cast.council_editor)
    assert client.get("/contrats/38-2030/calendrier/prise-d-effet/").status_code == 409


def test_one_gesture_brings_a_step_forward_to_the_working_day_before(client: Client, cast: Cast) -> None:
    step = own_step(cast, fixed_on=SUNDAY)
    client.force_login(cast.council_editor)
    url = reverse("contracts:step-bring-forward", args=["38-2030", step.pk])
    for forged in ("", "x", "-1", "²", "9" * 30):
        assert client.post(url, {"version": forged}).status_code == 409
    assert client.post(url, {"version": "1"}).status_code == 302
    step.refresh_from_db()
    assert step.fixed_on == dt.date(2030, 10, 11)
    with pytest.raises(RuleViolation, match="déjà un jour ouvré"):
        bring_step_forward(step, version=2, by=cast.council_editor)
    with pytest.raises(StaleVersion):
        bring_step_forward(step, version=1, by=cast.council_editor)


def test_the_working_day_is_that_of_the_territory(cast: Cast) -> None:
    cast.isere.holiday_calendar = "971"
    cast.isere.save()
    # 27 May 2030, a Monday: the abolition of slavery in Guadeloupe.
    step = own_step(cast, fixed_on=dt.date(2030, 5, 27))
    assert bring_step_forward(step, version=1, by=cast.council_editor).fixed_on == dt.date(2030, 5, 24)


# --- Day J -------------------------------------------------------------------------------------------------


def test_moving_day_j_moves_the_counted_steps_and_says_which(client: Client, cast: Cast) -> None:
    fixed = own_step(cast, label="Fixée", fixed_on=SUNDAY)
    client.force_login(cast.council_editor)
    answer = client.post(
        "/contrats/38-2030/calendrier/prise-d-effet/",
        {"planned_effect_on": "2030-11-06", "version": cast.contract.version},
        follow=True,
    )
    shown = answer.content.decode()
    assert "1 étape a bougé. Signature : 15 octobre 2030 → 22 octobre 2030." in shown
    cast.contract.refresh_from_db()
    assert signature(cast).on(cast.contract.planned_effect_on) == dt.date(2030, 10, 22)
    fixed.refresh_from_db()
    assert fixed.on(cast.contract.planned_effect_on) == SUNDAY
    event = JournalEntry.objects.get(contract=cast.contract, code="calendar.effect-date")
    assert event.sentence == "Prise d’effet fixée au 6 novembre 2030 : 1 étape du calendrier déplacée."


@pytest.mark.parametrize("wrong", ["0001-01-01", "9999-12-31", "2027-06-01", "demain", "2030-02-30"])
def test_a_day_j_that_makes_no_sense_is_refused(client: Client, cast: Cast, wrong: str) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(
        "/contrats/38-2030/calendrier/prise-d-effet/", {"planned_effect_on": wrong, "version": "1"}
    )
    assert answer.status_code == 422
    cast.contract.refresh_from_db()
    assert cast.contract.planned_effect_on == dt.date(2030, 10, 30)


def test_day_j_saved_by_somebody_else_meanwhile_is_shown_beside_one_s_own(client: Client, cast: Cast) -> None:
    set_effect_date(cast.contract, effect_on=dt.date(2030, 12, 1), version=1, by=cast.prefect_editor)
    client.force_login(cast.council_editor)
    answer = client.post(
        "/contrats/38-2030/calendrier/prise-d-effet/", {"planned_effect_on": "2030-11-06", "version": "1"}
    )
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "1 décembre 2030" in shown.replace("1er", "1")
    assert 'value="2030-11-06"' in shown
    cast.contract.refresh_from_db()
    assert cast.contract.planned_effect_on == dt.date(2030, 12, 1)


def test_day_j_changed_with_the_general_information_also_says_what_it_moved(cast: Cast) -> None:
    moved = set_effect_date(cast.contract, effect_on=None, version=1, by=cast.council_editor)
    assert [(move.label, move.after) for move in moved] == [("Signature", None)]


# --- National deadlines and extensions ---------------------------------------------------------------------


def deadline(cast: Cast) -> Deadline:
    return cast.campaign.deadlines.get(code="first-version")


def extend(cast: Cast, **changes: Any) -> DeadlineExtension:
    return grant_extension(
        deadline(cast),
        **{
            "territory": cast.isere,
            "due_on": dt.date(2030, 9, 15),
            "reason": "Inondations",
            "version": 0,
            "by": cast.dgcs_editor,
        }
        | changes,
    )


def test_an_extension_replaces_the_national_date_everywhere_for_its_territory_alone(
    client: Client, cast: Cast
) -> None:
    extend(cast)
    own = duties_of(with_facts(Contract.objects.filter(pk=cast.contract.pk)).get(), today=SUNDAY)[0]
    assert own.on == dt.date(2030, 9, 15)
    assert own.note == "Échéance nationale du 30 juillet 2030, prolongée par la DGCS : Inondations."
    assert own.day_off == "dimanche"
    other = duties_of(with_facts(Contract.objects.filter(pk=cast.foreign_contract.pk)).get(), today=SUNDAY)[0]
    assert (other.on, other.note) == (dt.date(2030, 7, 30), "")
    client.force_login(cast.council_editor)
    for address in ("/", "/contrats/38-2030/", "/contrats/38-2030/calendrier/"):
        shown = client.get(address).content.decode()
        assert "15 septembre 2030" in shown, address
        assert "Inondations" in shown, address
    client.force_login(cast.foreign_editor)
    assert "Inondations" not in client.get("/contrats/59-2030/calendrier/").content.decode()


def test_a_territory_without_contract_reads_its_own_date_too(client: Client, cast: Cast) -> None:
    cast.contract.delete()
    extend(cast)
    client.force_login(cast.council_editor)
    assert "Inondations" in client.get("/").content.decode()


def test_dgcs_grants_changes_and_withdraws_an_extension(client: Client, cast: Cast) -> None:
    client.force_login(cast.dgcs_editor)
    url = reverse("contracts:deadline-extend", args=["2030", deadline(cast).pk])
    data = {"territory": cast.isere.pk, "due_on": "2030-09-13", "reason": "Inondations", "version": "0"}
    assert client.post(url, data).status_code == 302
    extension = DeadlineExtension.objects.get()
    assert (extension.granted_by, extension.due_on) == (cast.dgcs_editor, dt.date(2030, 9, 13))
    # The same again, from a page that did not know of it.
    assert client.post(url, data | {"reason": "Autre"}).status_code == 409
    shown = client.get(f"{url}?territoire=38").content.decode()
    assert 'value="2030-09-13"' in shown
    assert client.post(url, data | {"reason": "Autre", "version": "1"}).status_code == 302
    extension.refresh_from_db()
    assert (extension.reason, extension.version) == ("Autre", 2)
    page_of_all = client.get("/campagnes/2030/echeances/").content.decode()
    assert "Autre" in page_of_all
    remove = reverse("contracts:extension-withdraw", args=["2030", extension.pk])
    assert client.post(remove).status_code == 302
    assert not DeadlineExtension.objects.exists()
    with pytest.raises(WrongState):
        withdraw_extension(extension, by=cast.dgcs_editor)
    codes = set(JournalEntry.objects.filter(contract=cast.contract).values_list("code", flat=True))
    assert "calendar.deadline-extended" in codes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"due_on": "2030-07-30"}, "plus tardive que l’échéance nationale"),
        ({"due_on": "2030-01-01"}, "plus tardive que l’échéance nationale"),
        ({"due_on": "9999-12-31"}, "Écrivez une date entre"),
        ({"due_on": "bientôt"}, "jj/mm/aaaa"),
        ({"reason": " "}, "Écrivez le motif"),
        ({"territory": "0"}, "Choisissez un territoire"),
    ],
)
def test_an_extension_that_makes_no_sense_is_refused(
    client: Client, cast: Cast, changes: dict[str, str], said: str
) -> None:
    client.force_login(cast.dgcs_editor)
    url = reverse("contracts:deadline-extend", args=["2030", deadline(cast).pk])
    data = {"territory": cast.isere.pk, "due_on": "2030-09-13", "reason": "Inondations", "version": "0"}
    answer = client.post(url, data | changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not DeadlineExtension.objects.exists()


def test_a_territory_that_the_campaign_does_not_concern_gets_no_extension(cast: Cast) -> None:
    with pytest.raises(RuleViolation, match="ne concerne pas"):
        extend(cast, territory=TerritoryFactory())


def test_a_deadline_that_is_met_is_neither_late_nor_next(client: Client, cast: Cast) -> None:
    day = timezone.localdate()
    Deadline.objects.filter(campaign=cast.campaign).update(due_on=day - dt.timedelta(days=3))
    client.force_login(cast.council_editor)
    url = reverse("contracts:deadline-settle", args=["38-2030", deadline(cast).pk])
    assert "en retard" in page(client, cast)
    for _ in range(2):
        assert client.post(url, {"done": "yes"}).status_code == 302
    assert cast.contract.settled_deadlines.get().done_by == cast.council_editor
    assert "en retard" not in page(client, cast)
    client.post(url, {"done": "no"})
    assert "en retard" in page(client, cast)
    foreign = CampaignFactory(code="2031", year=2031)
    with pytest.raises(RuleViolation):
        settle_deadline(cast.contract, foreign.deadlines.get(), done_on=day, by=cast.council_editor)


def test_the_national_page_counts_each_contract_on_its_own_date(client: Client, cast: Cast) -> None:
    today = timezone.localdate()
    Deadline.objects.filter(campaign=cast.campaign).update(due_on=today - dt.timedelta(days=3))
    extend(cast, due_on=today + dt.timedelta(days=30))
    client.force_login(cast.dgcs_reader)
    (line,) = client.get("/campagnes/2030/echeances/").context["lines"]
    assert (line.done_count, line.late_count, line.waiting_count, len(line.extensions)) == (0, 1, 1, 1)
    settle_deadline(cast.foreign_contract, deadline(cast), done_on=today, by=cast.foreign_editor)
    (line,) = client.get("/").context["deadlines"]
    assert (line.done_count, line.late_count, line.waiting_count) == (1, 0, 1)


def test_the_national_page_asks_as_many_queries_for_fifty_contracts_as_for_five(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.dgcs_editor)

    def ask() -> None:
        assert client.get("/campagnes/2030/echeances/").status_code == 200

    def grow(count: int) -> None:
        for _ in range(count):
            contract = ContractFactory(campaign=cast.campaign)
            extend(cast, territory=contract.territory)

    grow(3)
    few = count_queries(ask)
    grow(45)
    assert count_queries(ask) == few


# --- History -----------------------------------------------------------------------------------------------


def test_each_change_of_a_step_is_kept_field_by_field_and_brought_back(cast: Cast) -> None:
    step = signature(cast)
    save_step(
        step, fields={"responsible": "Mme Durand", "days_before": 20}, version=1, by=cast.council_editor
    )
    save_step(step, fields={"responsible": ""}, version=2, by=cast.prefect_editor)
    kept = [
        (change.field_label, change.before, change.after)
        for change in FieldChange.objects.filter(place__startswith=f"calendar/{step.pk}/").order_by("pk")
    ]
    assert sorted(kept, key=str) == sorted(
        [
            ("Responsable", None, "Mme Durand"),
            ("Jours avant le jour J", "15", "20"),
            ("Responsable", "Mme Durand", None),
        ],
        key=str,
    )
    restore_step_text(
        cast.contract, Place("calendar", step.pk, "responsible"), "Mme Durand", cast.prefect_editor
    )
    step.refresh_from_db()
    assert step.responsible == "Mme Durand"
    for field in ("days_before", "inconnu"):
        with pytest.raises(RuleViolation):
            restore_step_text(cast.contract, Place("calendar", step.pk, field), "3", cast.prefect_editor)


def test_a_step_is_found_by_its_words(client: Client, cast: Cast) -> None:
    own_step(cast, responsible="Mme Durand")
    client.force_login(cast.council_editor)
    assert "Comité de pilotage" in client.get("/contrats/38-2030/recherche/?q=durand").content.decode()
