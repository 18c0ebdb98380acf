"""An amendment from its opening to its day of effect, or to its abandonment (rules V1, V2)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agreements.actions.amendments import abandon_amendment, open_amendment, save_amendment
from agreements.actions.signatures import pass_the_day
from agreements.actions.way import take_back_if_changed
from agreements.models import Agreement, Proposal, TextInForce, VersionPurpose
from agreements.models.transmissions import KeptAsSent
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.actions.calendar import set_effect_date
from contracts.actions.contracts import move_contract, save_details
from contracts.actions.takeovers import reopen_takeover
from contracts.models import Amendment, Takeover
from contracts.workflow import ContractState
from tests.agreements.amended import YESTERDAY, opened, propose, sign, write_something
from tests.agreements.conftest import Table
from tests.cast import Cast
from tests.states import put_in_state


def test_a_contract_in_force_is_written_again_only_while_an_amendment_is(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    assert not table.stored().is_editable
    amendment = open_amendment(
        table.contract, about="Ajouter une action", reason="Un besoin nouveau.", by=table.cast.council_editor
    )
    assert (amendment.number, amendment.state) == (1, ContractState.NEGOTIATION)
    stored = table.stored()
    assert stored.is_in_force
    assert stored.is_editable
    assert stored.open_amendment == amendment
    move_contract(table.contract, "finalise-draft", by=table.cast.council_editor)
    assert not table.stored().is_editable


def test_an_amendment_signed_by_all_becomes_the_law(table: Table) -> None:
    amendment = opened(table)
    first = TextInForce.objects.get()
    write_something(table)
    proposal = sign(table)
    amendment.refresh_from_db()
    assert (amendment.state, amendment.signed_on) == (ContractState.IN_FORCE, timezone.localdate())
    law = TextInForce.objects.filter(contract=table.contract).on(timezone.localdate()).first()
    assert law is not None
    assert (law.amendment, law.version, law.reading) == (amendment, proposal.version, proposal.consolidated)
    assert law.reading.purpose == VersionPurpose.CONSOLIDATED
    assert first.version == first.reading
    stored = table.stored()
    assert stored.is_in_force
    assert stored.open_amendment is None
    assert not stored.is_editable


def test_only_one_amendment_is_open_at_a_time(table: Table) -> None:
    opened(table)
    with pytest.raises(WrongState, match="n° 1 est déjà ouvert"):
        open_amendment(table.contract, about="Autre", reason="Autre", by=table.cast.council_editor)


def test_a_contract_that_is_not_in_force_has_no_amendment(table: Table) -> None:
    with pytest.raises(WrongState, match="seul un contrat en vigueur"):
        open_amendment(table.contract, about="Autre", reason="Autre", by=table.cast.council_editor)


def test_who_may_not_write_opens_nothing(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    for person in (table.cast.council_reader, table.cast.dgcs_signatory, table.cast.foreign_editor):
        with pytest.raises(NotAllowed):
            open_amendment(table.contract, about="Autre", reason="Autre", by=person)
    assert not Amendment.objects.exists()


def test_an_amendment_that_changes_nothing_is_not_proposed(table: Table) -> None:
    opened(table)
    with pytest.raises(MissingPiece, match="ne change encore rien"):
        propose(table)


def test_an_amendment_is_abandoned_once_nothing_of_it_remains(table: Table) -> None:
    amendment = opened(table)
    write_something(table, "Lyon")
    with pytest.raises(MissingPiece, match="autre chose que le texte en vigueur"):
        abandon_amendment(table.contract, reason="Ouvert par erreur.", by=table.cast.council_editor)
    write_something(table, "Grenoble")
    abandon_amendment(table.contract, reason="Ouvert par erreur.", by=table.cast.council_editor)
    amendment.refresh_from_db()
    assert amendment.is_abandoned
    assert not table.stored().is_editable
    assert (
        open_amendment(table.contract, about="Autre", reason="Autre", by=table.cast.council_editor).number
        == 2
    )


def test_the_end_of_the_contract_moves_when_the_amendment_takes_effect(table: Table) -> None:
    opened(table)
    later = table.contract.ends_on + dt.timedelta(days=365)
    save_amendment(
        table.contract,
        about="Prolonger",
        reason="Les actions ont pris du retard.",
        planned_effect_on=None,
        new_ends_on=later,
        by=table.cast.council_editor,
    )
    assert table.stored().ends_on != later
    sign(table)
    assert table.stored().ends_on == later
    assert TextInForce.objects.filter(amendment__isnull=False).get().ends_on == later


def test_an_end_out_of_its_bounds_is_refused(table: Table) -> None:
    opened(table)
    for day in (YESTERDAY, dt.date(table.contract.ends_on.year + 6, 1, 1)):
        with pytest.raises(RuleViolation, match="nouvelle fin du contrat"):
            save_amendment(
                table.contract,
                about="Prolonger",
                reason="Retard.",
                planned_effect_on=None,
                new_ends_on=day,
                by=table.cast.council_editor,
            )


@pytest.mark.parametrize("days", [-1, 100_000])
def test_a_planned_effect_out_of_its_bounds_is_refused(table: Table, days: int) -> None:
    opened(table)
    with pytest.raises(RuleViolation, match=r"prise d’effet prévue est passée|prend effet avant la fin"):
        save_amendment(
            table.contract,
            about="Objet",
            reason="Motif",
            planned_effect_on=timezone.localdate() + dt.timedelta(days=days),
            new_ends_on=None,
            by=table.cast.council_editor,
        )


@pytest.mark.parametrize("text", ["", "   ", "x" * 301])
def test_an_amendment_says_what_it_is_about(table: Table, text: str) -> None:
    table.walk_to(ContractState.IN_FORCE)
    with pytest.raises(RuleViolation):
        open_amendment(table.contract, about=text, reason="Une raison", by=table.cast.council_editor)
    assert not Amendment.objects.exists()


def test_the_text_in_force_never_changes_while_the_amendment_is_written(table: Table) -> None:
    opened(table)
    law = TextInForce.objects.select_related("reading").get()
    said = (law.reading.content_text, law.reading.html, law.reading.hash)
    for words in ("Lyon", "Paris", "Grenoble bis"):
        write_something(table, words)
    proposal = propose(table)
    table.agree_all(proposal)
    law = TextInForce.objects.select_related("reading").get()
    assert (law.reading.content_text, law.reading.html, law.reading.hash) == said
    assert table.stored().law_since == law.effect_on


def test_a_change_after_the_proposal_takes_the_agreements_to_the_amendment_back(table: Table) -> None:
    amendment = opened(table)
    write_something(table, "Lyon")
    proposal = propose(table)
    table.agree("ars", proposal)
    write_something(table, "Paris")
    ended = take_back_if_changed(table.stored())
    assert ended == proposal
    amendment.refresh_from_db()
    assert (amendment.state, amendment.agreed_on) == (ContractState.ADOPTED, None)
    assert not Agreement.objects.standing().filter(version=proposal.version).exists()
    assert "Lyon" in proposal.__class__.objects.get(pk=proposal.pk).changes_text
    assert table.stored().is_in_force


def test_what_the_amendment_says_of_itself_is_part_of_what_is_agreed_to(table: Table) -> None:
    amendment = opened(table)
    write_something(table, "Lyon")
    propose(table)
    Amendment.objects.filter(pk=amendment.pk).update(reason="Une autre raison.")
    assert take_back_if_changed(table.stored()) is not None


def test_the_contract_stays_signed_and_its_own_proposal_stands(table: Table) -> None:
    opened(table)
    write_something(table)
    proposal = sign(table)
    standing = Proposal.objects.standing().filter(contract=table.contract)
    assert standing.filter(amendment=None).count() == 1
    assert standing.exclude(amendment=None).get() == proposal
    assert table.stored().signed_on is not None


def test_an_amendment_waits_for_its_planned_day(table: Table) -> None:
    amendment = opened(table)
    write_something(table)
    later = timezone.localdate() + dt.timedelta(days=10)
    Amendment.objects.filter(pk=amendment.pk).update(planned_effect_on=later)
    sign(table)
    amendment.refresh_from_db()
    assert (amendment.state, amendment.effect_on) == (ContractState.SIGNATURE, later)
    assert TextInForce.objects.count() == 1
    assert pass_the_day(later - dt.timedelta(days=1))["in-force"] == 0
    assert pass_the_day(later)["in-force"] == 1
    assert pass_the_day(later)["in-force"] == 0
    assert TextInForce.objects.count() == 2


def test_a_contract_that_ends_takes_its_open_amendment_with_it(table: Table) -> None:
    amendment = opened(table)
    write_something(table)
    pass_the_day(table.contract.ends_on + dt.timedelta(days=1))
    amendment.refresh_from_db()
    stored = table.stored()
    assert stored.state == ContractState.ENDED
    assert amendment.is_abandoned
    assert amendment.abandoned_by is None
    assert stored.open_amendment is None
    assert not stored.is_editable
    assert stored.events.filter(code="amendment.abandoned").count() == 1


def test_an_amendment_on_its_way_is_not_abandoned_before_it_is_reopened(table: Table) -> None:
    opened(table)
    move_contract(table.contract, "finalise-draft", by=table.cast.council_editor)
    with pytest.raises(WrongState, match="rouvrez d’abord"):
        abandon_amendment(table.contract, reason="Par erreur.", by=table.cast.council_editor)


def test_an_objective_taken_away_then_brought_back_leaves_nothing_to_abandon(table: Table) -> None:
    row = table.contract.objectives.create(objective=table.cast.campaign.objectives.get(number=12))
    put_in_state(table.contract, ContractState.IN_FORCE, by=table.cast.council_editor)
    open_amendment(table.contract, about="Retirer", reason="Erreur.", by=table.cast.council_editor)
    objective = row.objective
    row.delete()
    with pytest.raises(MissingPiece):
        abandon_amendment(table.contract, reason="Par erreur.", by=table.cast.council_editor)
    table.contract.objectives.create(objective=objective)
    abandon_amendment(table.contract, reason="Par erreur.", by=table.cast.council_editor)
    assert Amendment.objects.get().is_abandoned


def test_a_contract_taken_over_from_paper_has_its_typed_text_as_its_first(cast: Cast, table: Table) -> None:
    put_in_state(table.contract, ContractState.IN_FORCE, by=cast.council_editor)
    Takeover.objects.create(contract=table.contract, started_by=cast.council_editor)
    open_amendment(table.contract, about="Prolonger", reason="Retard.", by=cast.council_editor)
    law = TextInForce.objects.get()
    assert law.version == law.reading
    assert law.version.purpose == VersionPurpose.CONSOLIDATED
    with pytest.raises(WrongState):
        reopen_takeover(table.contract, by=cast.council_editor)


def test_what_led_to_the_signature_of_the_contract_is_not_written_again(table: Table) -> None:
    opened(table)
    stored = table.stored()
    with pytest.raises(RuleViolation, match="contrat signé"):
        save_details(
            stored,
            fields={"deliberation_number": "autre"},
            representatives={},
            version=stored.version,
            by=table.cast.council_editor,
        )
    with pytest.raises(WrongState):
        set_effect_date(stored, effect_on=YESTERDAY, version=stored.version, by=table.cast.council_editor)


def test_a_text_in_force_is_never_changed(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    law = TextInForce.objects.get()
    with pytest.raises(KeptAsSent):
        law.save()
    with pytest.raises(KeptAsSent):
        TextInForce.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    ["UPDATE agreements_textinforce SET ends_on = '2040-01-01'", "DELETE FROM agreements_textinforce"],
)
def test_the_database_refuses_to_change_a_text_in_force(table: Table, statement: str) -> None:
    table.walk_to(ContractState.IN_FORCE)
    refused = pytest.raises(IntegrityError, match="never changes")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
