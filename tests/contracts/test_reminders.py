"""Who is reminded of what, and when: only whose turn it is, never what is done (C5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from cdppe.accounts.actions.digests import send_digests
from cdppe.accounts.models import DigestFrequency, DigestSettings, SentDigest, SentLine, User
from contracts.actions.calendar import grant_extension, mark_step, save_step, settle_deadline
from contracts.models import Contract, ContractStep
from contracts.reminders import due_lines
from contracts.workflow import ContractState
from tests.cast import Cast
from tests.factories import ContractFactory
from tests.queries import count_queries

# A Tuesday; the cast's step is due on 15 October, its deadline on 30 July.
DUE = dt.date(2030, 10, 15)


@pytest.fixture(autouse=True)
def _only_the_step(cast: Cast) -> None:
    cast.campaign.deadlines.all().delete()


def step(cast: Cast) -> ContractStep:
    return cast.contract.calendar_steps.get()


def told(on: dt.date) -> dict[str, str]:
    """{address: text} of the e-mails sent by a run on `on`."""
    mail.outbox.clear()
    send_digests(on=on)
    return {message.to[0]: str(message.body) for message in mail.outbox}


def before(days: int) -> dt.date:
    return DUE - dt.timedelta(days=days)


def choose(user: User, **fields: Any) -> None:
    DigestSettings.objects.update_or_create(user=user, defaults=fields)


def test_whose_turn_it_is_are_told_seven_days_before_and_nobody_else(cast: Cast) -> None:
    Contract.objects.filter(pk=cast.foreign_contract.pk).delete()
    assert told(before(8)) == {}
    found = told(before(7))
    assert set(found) == {
        cast.prefect_editor.email,
        cast.ars_editor.email,
        cast.council_editor.email,
        cast.council_administrator.email,
    }
    said = found[cast.council_editor.email]
    assert "Isère – 2030-2032 : Signature, le 15 octobre 2030 (dans 7 jours)." in said
    assert f"/contrats/38-2030/calendrier/#step-{step(cast).pk}" in said
    assert "/mon-compte/rappels/" in said
    assert "/rappels/arreter/" in said


def test_a_step_of_one_institution_reminds_that_one_alone(cast: Cast) -> None:
    save_step(step(cast), fields={"parties": ["ars"]}, version=1, by=cast.council_editor)
    Contract.objects.filter(pk=cast.foreign_contract.pk).delete()
    assert set(told(before(3))) == {cast.ars_editor.email}


def test_nobody_is_told_twice_the_same_and_the_late_one_comes_once(cast: Cast) -> None:
    assert cast.council_editor.email in told(before(7))
    assert told(before(7)) == {}
    assert told(before(6)) == {}
    assert told(DUE) == {}
    late = told(DUE + dt.timedelta(days=1))
    assert "Signature, en retard, le 15 octobre 2030 (depuis 1 jour)." in late[cast.council_editor.email]
    assert told(DUE + dt.timedelta(days=2)) == {}


def test_a_date_that_moves_is_told_again(cast: Cast) -> None:
    told(before(7))
    save_step(step(cast), fields={"fixed_on": dt.date(2030, 10, 17)}, version=1, by=cast.council_editor)
    assert "le 17 octobre 2030" in told(before(5))[cast.council_editor.email]


def test_who_is_done_is_never_told(cast: Cast) -> None:
    mark_step(step(cast), done_on=before(20), by=cast.council_editor)
    Contract.objects.filter(pk=cast.foreign_contract.pk).delete()
    for on in (before(7), DUE, DUE + dt.timedelta(days=1)):
        assert told(on) == {}


def test_a_national_deadline_stops_once_met_or_once_its_pieces_are_done(cast: Cast) -> None:
    ContractStep.objects.all().delete()
    Contract.objects.filter(pk=cast.foreign_contract.pk).delete()
    deadline = cast.campaign.deadlines.create(
        code="contacts", label="Contacts", due_on=DUE, parties=["prefecture", "ars", "council"]
    )
    party = cast.contract.parties.create(signatory=cast.campaign.signatories.get(code="council"))
    choice = DigestSettings(days_before=7)
    # The council alone has still to name its representative: the piece is the council's turn.
    assert due_lines(cast.council_editor, choice, before(3)) is not None
    assert due_lines(cast.prefect_editor, choice, before(3)) is None
    party.representative_name = "Camille Martin"
    party.save()
    del cast.council_editor.current_memberships
    assert due_lines(cast.council_editor, choice, before(3)) is None
    deadline.code = "signature"
    deadline.save()
    assert due_lines(cast.council_editor, choice, before(3)) is not None
    settle_deadline(cast.contract, deadline, done_on=before(3), by=cast.council_editor)
    assert due_lines(cast.council_editor, choice, before(3)) is None


def test_an_extension_moves_the_reminder_of_its_territory(cast: Cast) -> None:
    ContractStep.objects.all().delete()
    deadline = cast.campaign.deadlines.create(
        code="signature", label="Signature", due_on=DUE, parties=["prefecture", "ars", "council"]
    )
    grant_extension(
        deadline, cast.isere, due_on=dt.date(2030, 12, 1), reason="Crue", version=0, by=cast.dgcs_editor
    )
    found = told(before(3))
    assert cast.council_editor.email not in found
    assert cast.foreign_editor.email in found
    later = told(dt.date(2030, 11, 28))
    assert "prolongée par la DGCS : Crue." in later[cast.council_editor.email]
    assert "dimanche" in later[cast.council_editor.email]


def test_readers_disabled_people_and_followers_are_not_reminded(cast: Cast) -> None:
    found = told(before(3))
    for person in (
        cast.council_reader,
        cast.disabled,
        cast.outsider,
        cast.regional_reader,
        cast.dgcs_editor,
    ):
        assert person.email not in found


def test_each_person_chooses_how_long_before_and_whether_before_or_after(cast: Cast) -> None:
    choose(cast.council_editor, days_before=30)
    choose(cast.prefect_editor, tells_before=False)
    choose(cast.ars_editor, tells_late=False)
    choose(cast.council_administrator, frequency=DigestFrequency.NEVER)
    assert set(told(before(30))) == {cast.council_editor.email}
    soon = told(before(7))
    assert cast.ars_editor.email in soon
    assert cast.prefect_editor.email not in soon
    late = told(DUE + dt.timedelta(days=1))
    assert cast.prefect_editor.email in late
    assert cast.ars_editor.email not in late
    assert not SentDigest.objects.filter(user=cast.council_administrator).exists()


def test_a_weekly_digest_comes_on_mondays_and_misses_nothing_of_the_week(cast: Cast) -> None:
    choose(cast.council_editor, frequency=DigestFrequency.WEEKLY, days_before=1)
    assert cast.council_editor.email not in told(before(6))
    monday = before(1)
    assert monday.weekday() == 0
    assert cast.council_editor.email not in told(monday - dt.timedelta(days=14))
    assert cast.council_editor.email in told(monday)


def test_a_weekly_digest_tells_of_a_sunday_that_no_other_monday_would_tell(cast: Cast) -> None:
    choose(cast.council_editor, frequency=DigestFrequency.WEEKLY, days_before=1)
    save_step(step(cast), fields={"fixed_on": dt.date(2030, 10, 20)}, version=1, by=cast.council_editor)
    assert cast.council_editor.email in told(dt.date(2030, 10, 14))


def test_what_is_long_past_and_contracts_that_are_over_are_silent(cast: Cast) -> None:
    assert told(DUE + dt.timedelta(days=31)) == {}
    Contract.objects.update(ends_on=dt.date(2030, 10, 1))
    assert told(before(3)) == {}


def test_the_lines_of_a_person_cost_as_many_queries_for_fifty_contracts_as_for_five(cast: Cast) -> None:
    choice = DigestSettings(days_before=7)

    def ask() -> None:
        due_lines(cast.dgcs_editor, choice, before(3))

    for _ in range(3):
        ContractFactory(campaign=cast.campaign)
    few = count_queries(ask)
    for _ in range(45):
        ContractFactory(campaign=cast.campaign)
    assert count_queries(ask) == few


def test_every_line_that_was_sent_is_on_record(cast: Cast) -> None:
    told(before(7))
    line = SentLine.objects.get(user=cast.council_editor)
    assert (line.section, line.key) == ("calendar", f"38-2030/step-{step(cast).pk}/before/2030-10-15")
    assert line.digest.on == before(7)


def test_a_contract_in_force_is_no_longer_reminded_of_the_way_to_its_signature(cast: Cast) -> None:
    for code in ("first_version", "report"):
        cast.campaign.deadlines.create(code=code, label=code, due_on=DUE, parties=["council"])
    Contract.objects.update(state=ContractState.IN_FORCE, signed_on=DUE, effect_on=DUE)
    found = due_lines(cast.council_editor, DigestSettings(days_before=7), before(3))
    assert found is not None
    assert [": report, le 15 octobre 2030" in line.text for line in found.lines] == [True]
