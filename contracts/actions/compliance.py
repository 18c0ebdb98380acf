"""Answering a finding that is to be checked, and taking an answer back (contracts/compliance.py)."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.compliance import Line, report_of
from contracts.models import Contract, FindingAnswer

GONE = (
    "Ce constat n’est plus dans la liste, ou a déjà reçu une réponse : rien n’a été enregistré. "
    "La liste ci-dessous est à jour."
)


@transaction.atomic
def answer_finding(contract: Contract, key: str, *, reason: str, by: User) -> FindingAnswer:
    """Answer the finding `key` (`Line.key`) of `contract` with `reason`; a stale answer to it is withdrawn.

    Whatever the contract's state: an answer is no part of its text. Raises WrongState when there is no such
    finding any more, or when somebody answered it meanwhile; RuleViolation when it is not one to be checked.
    """
    locked = locked_contract(contract, editable=False)
    line = _line(locked, key)
    if line.answer is not None:
        line.answer.withdrawn_by, line.answer.withdrawn_at = by, timezone.now()
        line.answer.save(update_fields=["withdrawn_by", "withdrawn_at"])
    try:
        with transaction.atomic():
            answer = FindingAnswer.objects.create(
                contract=locked,
                rule_code=line.rule.code,
                place=str(line.finding.place),
                about=line.finding.about,
                sentence=line.finding.sentence,
                reason=reason,
                by=by,
            )
    except IntegrityError as error:
        raise WrongState(GONE) from error
    record(
        locked,
        "finding.answered",
        f"Réponse au constat « {line.rule.title} » (règle {line.rule.number}).",
        by=by,
    )
    return answer


@transaction.atomic
def withdraw_answer(answer: FindingAnswer, *, by: User) -> FindingAnswer:
    """Take `answer` back; it stays on record. Raises WrongState when it was withdrawn already."""
    locked = locked_contract(answer.contract, editable=False)
    stored = FindingAnswer.objects.standing().filter(pk=answer.pk).first()
    if stored is None:
        raise WrongState("Cette réponse a déjà été retirée : rien n’a changé.")
    stored.withdrawn_by, stored.withdrawn_at = by, timezone.now()
    stored.save(update_fields=["withdrawn_by", "withdrawn_at"])
    record(locked, "finding.answer-withdrawn", f"Réponse retirée : « {stored.reason} »", by=by)
    return stored


def _line(contract: Contract, key: str) -> Line:
    """The open finding `key`, in the words of this very moment."""
    line = next((each for each in report_of(contract).lines if each.key == key), None)
    if line is None or line.is_answered:
        raise WrongState(GONE)
    if not line.may_be_answered:
        raise RuleViolation(
            f"Un constat « {line.rule.severity.label} » ne se règle pas par une réponse : corrigez le "
            "contrat."
        )
    return line
