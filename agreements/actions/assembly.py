"""The information of the ODPE, then the deliberation of the assembly, and their corrections (rule K3).

Source: circulaire 2020/34, I-B: « Les projets de contrats ont vocation à être présentés pour information aux
observatoires départementaux de la protection de l’enfance (ODPE) en amont de leur examen par les
assemblées. »
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from agreements.actions.steps import move, require_needs, stored_for
from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.history import keeps_history
from contracts.models import Contract, Way


@transaction.atomic
@keeps_history("details")
def inform_odpe(
    contract: Contract, *, informed_on: dt.date | None, no_information_reason: str = "", by: User
) -> Way:
    """Record on which day the ODPE was informed of the text, or why it was not; it moves on.

    What moves is the contract, or its open amendment. Raises WrongState, NotAllowed, MissingPiece when both
    are empty, RuleViolation when both are given or the day has not come.
    """
    stored, transition = stored_for(contract, "inform-odpe", by=by)
    reason = no_information_reason.strip()
    if informed_on is not None and reason:
        raise RuleViolation(
            "Écrivez la date de l’information de l’ODPE, ou la raison pour laquelle il n’a pas été informé : "
            "pas les deux."
        )
    _require_passed(informed_on, "L’information de l’ODPE")
    stored.odpe_informed_on, stored.odpe_no_information_reason = informed_on, reason
    stored.odpe_by, stored.odpe_at = by, timezone.now()
    require_needs(stored, transition)
    told = f"ODPE informé le {informed_on:%d/%m/%Y}." if informed_on else f"ODPE non informé : {reason}"
    move(stored, transition, told=told, by=by)
    return stored


@transaction.atomic
@keeps_history("details")
def record_assembly(contract: Contract, *, number: str, deliberated_on: dt.date, by: User) -> Way:
    """Record the deliberation that authorises the signature; the contract moves on.

    Raises WrongState, NotAllowed, MissingPiece without a number or for a day before the ODPE's, RuleViolation
    for a day that has not come.
    """
    stored, transition = stored_for(contract, "record-assembly", by=by)
    _require_passed(deliberated_on, "La délibération")
    stored.deliberation_number, stored.deliberation_on = number.strip(), deliberated_on
    stored.adopted_by, stored.adopted_at = by, timezone.now()
    if isinstance(stored, Contract):
        # The general information of the contract says it too: what was opened before is stale.
        stored.version += 1
    require_needs(stored, transition)
    told = f"Délibération n° {stored.deliberation_number} du {deliberated_on:%d/%m/%Y}."
    move(stored, transition, told=told, by=by)
    return stored


@transaction.atomic
def correct_odpe(contract: Contract, *, reason: str, by: User) -> Way:
    """Go back to the final text to record the information of the ODPE again; what was told stays typed."""
    return _back(contract, "correct-odpe", "L’information de l’ODPE est à corriger.", reason, by)


@transaction.atomic
def correct_assembly(contract: Contract, *, reason: str, by: User) -> Way:
    """Go back before the assembly to record its deliberation again; what was recorded stays typed."""
    return _back(contract, "correct-assembly", "La délibération est à corriger.", reason, by)


def _back(contract: Contract, code: str, told: str, reason: str, by: User) -> Way:
    stored, transition = stored_for(contract, code, by=by)
    require_needs(stored, transition, reason=reason)
    move(stored, transition, told=told, by=by, reason=reason.strip())
    return stored


def _require_passed(on: dt.date | None, what: str) -> None:
    if on is not None and on > timezone.localdate():
        raise RuleViolation(
            f"{what} est datée du {on:%d/%m/%Y}, dans le futur : enregistrez-la une fois faite."
        )
