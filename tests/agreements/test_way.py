"""The way from the final text to the last day, gesture by gesture (rules K3, K4, P3)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from agreements.actions.assembly import correct_assembly, correct_odpe, inform_odpe, record_assembly
from agreements.actions.signatures import pass_the_day, record_signature, withdraw_signature
from agreements.actions.way import (
    TextChanged,
    agree,
    propose_text,
    reopen,
    send_back,
    take_back_if_changed,
    withdraw_agreement,
)
from agreements.content import Entry
from agreements.differences import differences
from agreements.models import Agreement, Ending, Proposal, Signature
from agreements.telling import way_lines
from cdppe.accounts.models import DigestSettings
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.compliance import blocking_findings, report_of
from contracts.models import Contact, Contract
from contracts.workflow import ContractState
from tests.agreements.conftest import Table

S = ContractState
TODAY = timezone.localdate
DAY = dt.timedelta(days=1)


def change(table: Table) -> None:
    """Something of the contract changes though nothing of it is written any more: a contact's coordinates."""
    Contract.objects.filter(pk=table.contract.pk).update(court="Lyon")


def test_nothing_blocks_the_contract_of_these_tests(table: Table) -> None:
    assert [line.finding.sentence for line in blocking_findings(table.contract)] == []


def test_the_whole_way_leads_from_the_final_text_to_its_last_day(table: Table) -> None:
    proposal = table.walk_to(S.SIGNATURE)
    assert proposal is not None
    assert table.stored().agreed_on == TODAY()
    table.sign_all(proposal)
    stored = table.stored()
    assert (stored.state, stored.signed_on, stored.effect_on) == (S.IN_FORCE, TODAY(), TODAY())
    assert pass_the_day(stored.ends_on) == {"taken-back": 0, "in-force": 0, "ended": 0}
    assert pass_the_day(stored.ends_on + DAY) == {"taken-back": 0, "in-force": 0, "ended": 1}
    assert pass_the_day(stored.ends_on + DAY)["ended"] == 0
    assert table.stored().state == S.ENDED
    codes = list(stored.events.order_by("pk").values_list("code", flat=True))
    assert codes == [
        "contract.inform-odpe",
        "contract.record-assembly",
        "contract.propose",
        *["contract.agree"] * 3,
        "contract.conclude",
        *["contract.sign"] * 3,
        "contract.take-effect",
        "contract.end",
    ]


def test_a_signed_contract_waits_for_its_day_of_effect(table: Table) -> None:
    effect = TODAY() + 10 * DAY
    Contract.objects.filter(pk=table.contract.pk).update(planned_effect_on=effect)
    proposal = table.walk_to(S.SIGNATURE)
    assert proposal is not None
    table.sign_all(proposal)
    assert (table.stored().state, table.stored().effect_on) == (S.SIGNATURE, effect)
    assert pass_the_day(effect - DAY)["in-force"] == 0
    assert pass_the_day(effect)["in-force"] == 1
    assert table.stored().state == S.IN_FORCE


class TestOdpeAndAssembly:
    def test_a_reason_stands_for_the_date(self, table: Table) -> None:
        table.walk_to(S.DRAFT)
        inform_odpe(
            table.contract, informed_on=None, no_information_reason="Pas installé.", by=table.cast.ars_editor
        )
        stored = table.stored()
        assert (stored.state, stored.odpe_by) == (S.ODPE_INFORMED, table.cast.ars_editor)
        assert "odpe-informed-first" in {rule.code for rule in report_of(stored).holding}

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"informed_on": None}, MissingPiece),
            ({"informed_on": None, "no_information_reason": "  "}, MissingPiece),
            ({"informed_on": dt.date(2026, 1, 1), "no_information_reason": "Non"}, RuleViolation),
            ({"informed_on": dt.date(2099, 1, 1)}, RuleViolation),
        ],
    )
    def test_neither_both_nor_the_future(
        self, table: Table, given: dict[str, Any], refusal: type[Exception]
    ) -> None:
        table.walk_to(S.DRAFT)
        with pytest.raises(refusal):
            inform_odpe(table.contract, **given, by=table.cast.council_editor)
        assert table.stored().state == S.DRAFT

    @pytest.mark.parametrize(
        ("number", "days", "refusal"),
        [("", 0, MissingPiece), ("1", 2, MissingPiece), ("1", -1, RuleViolation)],
    )
    def test_the_assembly_comes_after_the_odpe_and_has_a_number(
        self, table: Table, number: str, days: int, refusal: type[Exception]
    ) -> None:
        table.walk_to(S.ODPE_INFORMED)
        with pytest.raises(refusal):
            record_assembly(
                table.contract,
                number=number,
                deliberated_on=TODAY() - days * DAY,
                by=table.cast.council_editor,
            )
        assert table.stored().state == S.ODPE_INFORMED

    def test_what_is_recorded_enters_the_history(self, table: Table) -> None:
        table.walk_to(S.ADOPTED)
        labels = set(table.contract.changes.values_list("field_label", flat=True))
        assert {"information de l’ODPE", "numéro de la délibération"} <= {
            each.lower() for each in labels
        } or {
            "Information de l’ODPE",
            "Numéro de la délibération",
        } <= labels

    def test_both_are_corrected_by_the_parties_themselves(self, table: Table) -> None:
        table.walk_to(S.ADOPTED)
        correct_assembly(table.contract, reason="Mauvaise date", by=table.cast.ars_editor)
        correct_odpe(table.contract, reason="Mauvaise date", by=table.cast.ars_editor)
        stored = table.stored()
        assert (stored.state, stored.deliberation_number) == (S.DRAFT, "2030-12")
        assert "Mauvaise date" in stored.events.first().sentence


def test_what_blocks_bars_the_proposal_and_nothing_before_it(table: Table) -> None:
    table.parties["ars"].representative_name = ""
    table.parties["ars"].save()
    table.walk_to(S.ADOPTED)
    with pytest.raises(MissingPiece, match="points bloquants"):
        propose_text(table.contract, by=table.cast.council_editor)
    assert table.stored().state == S.ADOPTED
    assert not Proposal.objects.exists()


class TestAgreements:
    def test_an_agreement_is_to_one_uid_and_one_hash(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        version = proposal.version
        party, by = table.parties["ars"], table.signatories["ars"]
        for uid, full in ((version.uid, "0" * 64), ("0" * 32, version.hash)):
            with pytest.raises(WrongState, match="n’est plus celui qui est proposé"):
                agree(table.contract, party, version_uid=uid, version_hash=full, by=by)
        assert not Agreement.objects.exists()
        table.agree("ars", proposal)
        assert Agreement.objects.get().version_hash == version.hash
        with pytest.raises(WrongState, match="déjà été donné"):
            table.agree("ars", proposal)

    def test_only_a_signatory_of_the_institution_agrees_for_it(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        version = proposal.version
        cast = table.cast
        for person in (
            cast.council_editor,
            cast.council_reader,
            cast.foreign_editor,
            cast.dgcs_signatory,
            table.signatories["prefecture"],
        ):
            with pytest.raises(NotAllowed):
                agree(
                    table.contract,
                    table.parties["council"],
                    version_uid=version.uid,
                    version_hash=version.hash,
                    by=person,
                )

    def test_a_change_takes_every_agreement_back_and_says_what_changed(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        table.agree("ars", proposal)
        change(table)
        with pytest.raises(TextChanged, match="a changé"):
            table.agree("council", proposal)
        assert table.stored().state == S.ADOPTED
        proposal.refresh_from_db()
        assert proposal.ended_how == Ending.CHANGED
        changed = json.loads(proposal.changes_text)
        assert {"before": "Grenoble", "after": "Lyon"}.items() <= changed[0].items()
        assert not Agreement.objects.standing().exists()
        (line,) = way_lines(table.signatories["ars"], DigestSettings(), TODAY()).lines  # type: ignore[union-attr]  # it is told
        assert "a changé" in line.text
        assert way_lines(table.cast.dgcs_editor, DigestSettings(), TODAY()) is None
        again = propose_text(table.contract, by=table.cast.council_editor)
        table.agree_all(again)
        assert table.stored().state == S.SIGNATURE

    def test_what_happens_to_a_text_of_long_ago_is_told_too(self, table: Table) -> None:
        """Signatures on paper take weeks: the fortnight runs from what happens, not from the proposal."""
        long_ago = timezone.now() - 40 * DAY

        def told() -> list[str]:
            section = way_lines(table.cast.council_reader, DigestSettings(), TODAY())
            return [line.text for line in section.lines] if section else []

        def grow_old() -> None:
            Proposal.objects.update(proposed_at=long_ago)
            Proposal.objects.filter(ended_at__isnull=False).update(ended_at=long_ago)
            days = dict.fromkeys(["odpe_informed_on", "deliberation_on"], long_ago.date())
            Contract.objects.update(**days)
            Contract.objects.exclude(agreed_on=None).update(agreed_on=long_ago.date())

        table.walk_to(S.AGREEMENT)
        grow_old()
        assert told() == []
        change(table)
        assert take_back_if_changed(table.stored()) is not None
        (line,) = told()
        assert "a changé" in line
        grow_old()
        proposal = propose_text(table.contract, by=table.cast.council_editor)
        table.agree_all(proposal)
        grow_old()
        assert told() == []
        table.sign_all(proposal)
        (line,) = told()
        assert "toutes les parties ont signé" in line

    def test_an_account_that_changed_is_said_without_its_number(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        account = table.contract.bank_account
        account.iban = "FR7611315000011234567890138"
        account.save()
        assert take_back_if_changed(table.stored()) is not None
        proposal.refresh_from_db()
        assert "1234567890138" not in proposal.changes_text
        assert "1234567890185" not in proposal.changes_text

    def test_a_contact_that_changed_takes_nothing_back_and_is_not_told(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        Contact.objects.create(
            contract=table.contract,
            institution=table.cast.council,
            seat=1,
            name="Dominique Petit",
            email="d.petit@exemple.fr",
            phone="04 76 00 00 00",
        )
        assert take_back_if_changed(table.stored()) is None
        change(table)
        assert take_back_if_changed(table.stored()) is not None
        proposal.refresh_from_db()
        assert "Dominique Petit" not in proposal.changes_text
        assert "Lyon" in proposal.changes_text

    def test_nothing_is_taken_back_while_nothing_changed(self, table: Table) -> None:
        table.walk_to(S.SIGNATURE)
        assert take_back_if_changed(table.stored()) is None
        assert pass_the_day()["taken-back"] == 0

    def test_an_agreement_is_withdrawn_with_a_reason_even_after_the_last(self, table: Table) -> None:
        table.walk_to(S.SIGNATURE)
        party, by = table.parties["ars"], table.signatories["ars"]
        with pytest.raises(MissingPiece, match="raison"):
            withdraw_agreement(table.contract, party, reason=" ", by=by)
        with pytest.raises(NotAllowed):
            withdraw_agreement(table.contract, party, reason="Non", by=table.signatories["council"])
        withdraw_agreement(table.contract, party, reason="Erreur", by=by)
        stored = table.stored()
        assert (stored.state, stored.agreed_on) == (S.AGREEMENT, None)
        with pytest.raises(WrongState, match="Aucun accord"):
            withdraw_agreement(table.contract, party, reason="Erreur", by=by)

    def test_sending_back_and_reopening_take_the_agreements_back(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        table.agree("ars", proposal)
        send_back(table.contract, reason="Montants", by=table.cast.prefect_editor)
        assert table.stored().state == S.ADOPTED
        again = propose_text(table.contract, by=table.cast.council_editor)
        table.agree_all(again)
        reopen(table.contract, reason="Une fiche manque", by=table.cast.prefect_editor)
        stored = table.stored()
        assert (stored.state, stored.is_editable, stored.agreed_on) == (S.NEGOTIATION, True, None)
        assert not Agreement.objects.standing().exists()
        assert [each.withdrawn_how for each in Agreement.objects.all()] == ["sent-back", *["reopened"] * 3]
        assert stored.odpe_informed_on is not None


class TestSignatures:
    def test_no_signature_before_all_agreed(self, table: Table) -> None:
        proposal = table.walk_to(S.AGREEMENT)
        assert proposal is not None
        with pytest.raises(WrongState):
            record_signature(
                proposal.version,
                table.parties["ars"],
                signed_on=TODAY(),
                by=table.cast.ars_editor,
            )

    @pytest.mark.parametrize("days", [-1, 1])
    def test_not_before_the_agreement_nor_in_the_future(self, table: Table, days: int) -> None:
        proposal = table.walk_to(S.SIGNATURE)
        assert proposal is not None
        with pytest.raises(RuleViolation, match="antérieure|futur"):
            record_signature(
                proposal.version,
                table.parties["ars"],
                signed_on=TODAY() + days * DAY,
                by=table.cast.ars_editor,
            )
        assert not Signature.objects.exists()

    def test_a_change_before_the_first_takes_the_agreements_back(self, table: Table) -> None:
        proposal = table.walk_to(S.SIGNATURE)
        assert proposal is not None
        change(table)
        with pytest.raises(TextChanged):
            table.sign_all(proposal)
        assert table.stored().state == S.ADOPTED
        assert table.stored().agreed_on is None

    def test_once_one_has_signed_the_frozen_text_alone_counts(self, table: Table) -> None:
        proposal = table.walk_to(S.SIGNATURE)
        assert proposal is not None
        record_signature(proposal.version, table.parties["ars"], signed_on=TODAY(), by=table.cast.ars_editor)
        change(table)
        assert take_back_if_changed(table.stored()) is None
        with pytest.raises(MissingPiece, match="déjà signé"):
            reopen(table.contract, reason="Trop tard", by=table.cast.ars_editor)
        with pytest.raises(MissingPiece, match="déjà signé"):
            withdraw_agreement(
                table.contract, table.parties["ars"], reason="Trop tard", by=table.signatories["ars"]
            )
        withdraw_signature(
            table.contract, table.parties["ars"], reason="Mauvais papier", by=table.cast.ars_editor
        )
        assert take_back_if_changed(table.stored()) is not None

    def test_an_optional_signatory_signs_only_where_the_contract_says_so(self, table: Table) -> None:
        budget = table.cast.campaign.signatories.create(
            code="budget", signature_label="Le contrôleur budgétaire", is_optional=True, position=4
        )
        extra = table.contract.parties.create(signatory=budget, representative_name="Un contrôleur")
        Contract.objects.filter(pk=table.contract.pk).update(needs_budget_controller=True)
        proposal = table.walk_to(S.SIGNATURE)
        assert proposal is not None, "the controller gives no agreement here"
        table.sign_all(proposal)
        assert table.stored().state == S.SIGNATURE
        record_signature(proposal.version, extra, signed_on=TODAY(), by=table.cast.ars_editor)
        assert table.stored().state == S.IN_FORCE


BROKEN: list[tuple[str, S, dict[str, Any]]] = [
    ("contract_odpe_date_or_reason", S.ODPE_INFORMED, {"odpe_no_information_reason": "Et une raison"}),
    ("contract_odpe_recorded_with_its_author", S.ODPE_INFORMED, {"odpe_by": None}),
    ("contract_odpe_recorded_with_its_author", S.ODPE_INFORMED, {"odpe_informed_on": None}),
    ("contract_adopted_with_its_deliberation", S.ADOPTED, {"adopted_by": None}),
    ("contract_adopted_with_its_deliberation", S.ADOPTED, {"deliberation_number": ""}),
    ("contract_odpe_before_its_deliberation", S.ADOPTED, {"deliberation_on": dt.date(2020, 1, 1)}),
    ("contract_signature_agreed", S.SIGNATURE, {"agreed_on": None}),
    ("contract_agreed_in_its_states", S.SIGNATURE, {"state": S.AGREEMENT}),
    ("contract_agreed_after_its_deliberation", S.IN_FORCE, {"deliberation_on": dt.date(2090, 1, 1)}),
    ("contract_signed_in_its_states", S.IN_FORCE, {"state": S.NEGOTIATION, "agreed_on": None}),
    ("contract_in_force_signed", S.IN_FORCE, {"signed_on": None, "effect_on": None}),
    ("contract_signed_after_its_agreement", S.IN_FORCE, {"signed_on": dt.date(2020, 1, 1)}),
    ("contract_in_effect_from_its_signature", S.IN_FORCE, {"effect_on": dt.date(2020, 1, 1)}),
]


@pytest.mark.parametrize(("constraint", "state", "fields"), BROKEN)
def test_the_database_refuses_incoherent_states_by_name(
    table: Table, constraint: str, state: ContractState, fields: dict[str, Any]
) -> None:
    table.walk_to(state)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Contract.objects.filter(pk=table.contract.pk).update(**fields)


@pytest.mark.parametrize(
    ("model", "constraint", "fields"),
    [
        (Proposal, "proposal_ended_with_author_and_reason", {"ended_at": "now", "ended_how": "sent-back"}),
        (Agreement, "agreement_withdrawn_with_author_and_reason", {"withdrawn_at": "now"}),
        (Signature, "signature_withdrawn_with_author_and_reason", {"withdrawn_at": "now"}),
    ],
)
def test_nothing_is_taken_back_without_author_and_reason(
    table: Table, model: Any, constraint: str, fields: dict[str, Any]
) -> None:
    table.walk_to(S.IN_FORCE)
    values = {name: timezone.now() if value == "now" else value for name, value in fields.items()}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.filter(pk=model.objects.first().pk).update(**values)


def test_a_party_has_one_standing_agreement_and_one_standing_signature(table: Table) -> None:
    table.walk_to(S.IN_FORCE)
    for model in (Agreement, Signature):
        row = model.objects.first()
        assert row is not None
        row.pk = None
        row._state.adding = True
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


def test_a_long_text_is_told_around_what_differs() -> None:
    old = Entry("document", 3, "text", "Texte", "ARTICLE 3", "a" * 500 + " Grenoble " + "b" * 500)
    new = replace(old, value=old.value.replace("Grenoble", "Lyon"))
    (found,) = differences([old], [new])
    assert found.before == f"… {'a' * 59} Grenoble {'b' * 59} …"
    assert found.after == f"… {'a' * 59} Lyon {'b' * 59} …"
    assert differences([old], [old]) == ()
    (gone,) = differences([old], [])
    assert (gone.before, gone.after) == (old.value, "")
