"""What nobody waits for any more is closed, not late, wherever it is read (rule C5)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cdppe.accounts.models import DigestSettings, User
from contracts.actions.calendar import mark_step
from contracts.calendar import agenda
from contracts.deadlines import national_deadlines
from contracts.feeds import calendar_of
from contracts.gantt import Gantt
from contracts.models import CalendarPhase, Contract, ContractStep, Deadline
from contracts.overview import duties_of, with_calendar, with_facts
from contracts.parts import measure_calendar
from contracts.reminders import due_lines
from contracts.retroplanning import is_optional_deadline, state_of_deadline, state_prepared
from contracts.workflow import WAY, ContractState, has_reached
from contracts.workspace import Stage
from tests.cast import Cast
from tests.contracts.test_calendar_page import own_step, signature
from tests.contracts.test_retroplanning import ANNEX
from tests.states import put_in_state

pytestmark = pytest.mark.django_db

LATE_DAY = dt.date(2030, 12, 1)
"""After every step of the demonstration's contract, within its period."""
AFTER = dt.date(2040, 1, 1)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is after the signature that was planned."""
    monkeypatch.setattr(timezone, "localdate", lambda *args: LATE_DAY)


def known(contract: Contract) -> Contract:
    return with_facts(Contract.objects.filter(pk=contract.pk)).get()


def page(client: Client, cast: Cast, address: str = "calendrier/") -> str:
    client.force_login(cast.council_editor)
    return " ".join(client.get(f"/contrats/38-2030/{address}").content.decode().split())


def gantt(client: Client, cast: Cast) -> Gantt:
    client.force_login(cast.council_editor)
    found: Gantt = client.get("/contrats/38-2030/calendrier/gantt/").context["gantt"]
    return found


def events(cast: Cast) -> list[str]:
    contracts = with_calendar(Contract.objects.filter(pk=cast.contract.pk))
    content = calendar_of(contracts, cast.council_editor, name="C", only_mine=False).decode()
    return re.findall(r"SUMMARY:(.*)", content.replace("\r\n ", "").replace("\\", ""))


# --- The rule ----------------------------------------------------------------------------------------------


def test_every_step_and_deadline_leads_to_a_state_of_the_way() -> None:
    for code in ANNEX:
        assert state_prepared(code, "") in WAY, code
    for phase in CalendarPhase.values:
        assert state_prepared("", phase) in WAY
    assert state_prepared("", "") == ContractState.IN_FORCE
    assert state_of_deadline("first_version") == ContractState.IN_FORCE
    assert state_of_deadline("inconnue") == ""


def test_a_state_has_reached_itself_and_those_before() -> None:
    assert has_reached(ContractState.DRAFT, ContractState.DRAFT)
    assert has_reached(ContractState.ENDED, ContractState.IN_FORCE)
    assert not has_reached(ContractState.NEGOTIATION, ContractState.DRAFT)


@pytest.mark.parametrize("state", list(WAY))
def test_a_step_is_closed_from_the_state_that_it_leads_to(cast: Cast, state: ContractState) -> None:
    goals: dict[str, str] = {
        "diagnosis": ContractState.NEGOTIATION,
        "negotiation": ContractState.DRAFT,
        "signature": ContractState.IN_FORCE,
        "": ContractState.IN_FORCE,
    }
    for phase in goals:
        own_step(cast, label=f"Étape {phase}", phase=phase, fixed_on=dt.date(2030, 11, 1))
    put_in_state(cast.contract, state, by=cast.council_editor)
    found = {duty.label: duty for duty in duties_of(known(cast.contract), today=LATE_DAY)}
    for phase, goal in goals.items():
        assert found[f"Étape {phase}"].is_closed is has_reached(state, goal), phase
    late = [duty.label for duty in agenda(found.values(), today=LATE_DAY).late]
    assert ("Étape negotiation" in late) is (state in (ContractState.DIAGNOSIS, ContractState.NEGOTIATION))


@pytest.mark.parametrize("is_signed", [True, False])
def test_what_a_signed_contract_owes_after_its_end_is_not_closed(cast: Cast, is_signed: bool) -> None:
    if is_signed:
        put_in_state(cast.contract, ContractState.IN_FORCE, by=cast.council_editor)
    ends_on = cast.contract.ends_on
    inside, outside = (
        Deadline.objects.create(
            campaign=cast.campaign,
            code=f"bilan-{rank}",
            label=f"Bilan {rank}",
            due_on=ends_on + dt.timedelta(days=rank),
            parties=["council"],
        )
        for rank in (0, 90)
    )
    duties = {duty.anchor: duty for duty in duties_of(known(cast.contract), today=AFTER)}
    assert duties[f"deadline-{inside.pk}"].is_closed
    assert duties[f"deadline-{outside.pk}"].is_closed is not is_signed
    before = {duty.anchor: duty for duty in duties_of(known(cast.contract), today=ends_on)}
    assert not before[f"deadline-{inside.pk}"].is_closed


# --- What people read --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("late")
def test_an_open_contract_reads_its_missed_steps_as_late(client: Client, cast: Cast) -> None:
    assert "cdppe-status--late" in page(client, cast)
    assert any(row.row.said == "en retard" for row in gantt(client, cast).rows)
    assert measure_calendar(known(cast.contract), _reader(cast)).stage == Stage.ALERT


def _reader(cast: Cast) -> User:
    return User.objects.get(pk=cast.council_editor.pk)


@pytest.fixture(params=["signed", "ended", "over"])
def closed(request: pytest.FixtureRequest, cast: Cast, late: None, monkeypatch: Any) -> Cast:
    """Isère's contract, none of its steps ticked: in force, ended, or its period over unsigned."""
    # The factory's deadline leads to no state of the contract.
    Deadline.objects.all().delete()
    Deadline.objects.create(
        campaign=cast.campaign,
        code="first_version",
        label="Première version",
        due_on=dt.date(2030, 7, 30),
        parties=["council"],
    )
    if request.param == "over":
        monkeypatch.setattr(timezone, "localdate", lambda *args: AFTER)
    else:
        state = ContractState.IN_FORCE if request.param == "signed" else ContractState.ENDED
        put_in_state(cast.contract, state, by=cast.council_editor)
    return cast


def test_the_calendar_reads_them_as_past_with_nothing_left_to_do(client: Client, closed: Cast) -> None:
    shown = page(client, closed)
    assert "en retard" not in shown
    assert "cdppe-status--late" not in shown
    assert 'cdppe-status--past">passée</span>' in shown
    assert "Avancer au" not in shown
    assert "À faire ensuite" not in shown
    assert "en cours</span>" not in shown


def test_the_gantt_reads_them_as_past(client: Client, closed: Cast) -> None:
    drawn = gantt(client, closed)
    assert {bar.row.status for bar in drawn.bars} == {"past"}
    assert "Signature : le 15 oct. 2030, passée" in [bar.words for bar in drawn.bars]


def test_the_overview_and_the_home_page_show_none_as_missed(client: Client, closed: Cast) -> None:
    shown = page(client, closed, "")
    duties = shown[shown.index('id="duties"') :]
    assert "cdppe-late" not in duties
    assert "échéances closes, que plus personne n’attend" in duties
    assert "Première version" in duties
    home = client.get("/").content.decode()
    assert "échéances sont passées" not in home
    assert "en retard" not in home


def test_the_menu_raises_no_alert(closed: Cast) -> None:
    assert measure_calendar(known(closed.contract), _reader(closed)).stage != Stage.ALERT


def test_the_digest_tells_none(closed: Cast) -> None:
    # The day after the signature that was planned, for who is signed before; any day for who is over.
    on = AFTER if timezone.localdate() == AFTER else dt.date(2030, 10, 16)
    assert due_lines(_reader(closed), DigestSettings(days_before=30), on) is None


def test_the_feed_says_past_and_keeps_what_was_done(closed: Cast) -> None:
    mark_step(signature(closed), done_on=dt.date(2026, 1, 5), by=closed.council_editor)
    said = events(closed)
    assert any(each.startswith("Fait : Signature") for each in said)
    assert any(each.startswith("Passé : Première version") for each in said)
    assert all(each.startswith(("Fait : ", "Passé : ")) for each in said)


def test_the_ministry_counts_none_as_late(client: Client, closed: Cast) -> None:
    lines = national_deadlines(closed.campaign, today=timezone.localdate())
    (line,) = [each for each in lines if each.deadline.code == "first_version"]
    # The other contract of the campaign is still being written, unless its period is over as well.
    others = 0 if timezone.localdate() == AFTER else 1
    assert (line.contract_count, line.closed_count) == (2, 2 - others)
    assert (line.late_count, line.waiting_count) == (others, 0)


# --- A contract signed before its dates --------------------------------------------------------------------


def test_a_contract_signed_early_waits_for_nothing_that_is_still_to_come(client: Client, cast: Cast) -> None:
    Deadline.objects.all().delete()
    put_in_state(cast.contract, ContractState.IN_FORCE, by=cast.council_editor)
    shown = page(client, cast)
    assert 'cdppe-status--moot">sans objet</span>' in shown
    assert "cdppe-status--next" not in shown
    # Nobody is asked to do it, nor told that it is their turn.
    moot = shown.split('cdppe-status--moot">')[1].split("</li>")[0]
    assert 'name="done" value="yes"' not in moot
    assert "cdppe-step__gestures" in moot
    # In nobody's own calendar any more.
    assert not any("Signature" in each for each in events(cast))


@pytest.mark.usefixtures("late")
def test_a_negotiation_that_is_reopened_waits_for_its_steps_again(client: Client, cast: Cast) -> None:
    own_step(cast, phase="negotiation", fixed_on=dt.date(2030, 11, 1))
    step = ContractStep.objects.get(label="Comité de pilotage")
    mine = f'id="step-{step.pk}"'

    def status() -> str:
        shown = page(client, cast)
        found = re.search(r"cdppe-status--(\w+)", shown[shown.index(mine) :])
        assert found is not None
        return found[1]

    put_in_state(cast.contract, ContractState.DRAFT, by=cast.council_editor)
    assert status() == "past"
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    assert status() == "late"


def test_the_last_day_to_denounce_passes_and_nobody_is_late(cast: Cast, late: None) -> None:
    assert is_optional_deadline("denunciation_2031")
    assert not is_optional_deadline("report_2031")
    campaign = cast.contract.campaign
    for code, label in (("denunciation_2030", "Dernier jour pour dénoncer"), ("unknown_2030", "Autre envoi")):
        Deadline.objects.create(
            campaign=campaign, code=code, label=label, due_on=LATE_DAY - dt.timedelta(days=3), parties=[]
        )
    by_label = {each.label: each for each in duties_of(known(cast.contract), today=LATE_DAY)}
    assert by_label["Dernier jour pour dénoncer"].is_closed
    assert not by_label["Autre envoi"].is_closed
    national = {each.deadline.code: each for each in national_deadlines(campaign, today=LATE_DAY)}
    denounced, other = national["denunciation_2030"], national["unknown_2030"]
    assert (denounced.late_count, denounced.closed_count) == (0, denounced.contract_count)
    assert (other.late_count, other.closed_count) == (other.contract_count, 0)
