"""The parts of the workspace that contracts owns, and how far each has got (C5)."""

from __future__ import annotations

from django.utils import timezone

from cdppe.accounts.models import User
from contracts.calendar import agenda
from contracts.compliance import Report, known_report
from contracts.diagnosis import sections_of
from contracts.exchanges import measure_exchanges
from contracts.models import Contract, DiagnosisText
from contracts.overview import PARTIES, duties_of, facts_of, reader_kinds
from contracts.progress import Piece, pieces
from contracts.workspace import Part, Progress, Stage, counted

DETAIL_PIECES = ("contacts", "effect-date", "parties", "officers", "account", "deliberation")


def _pieces(contract: Contract) -> tuple[Piece, ...]:
    return pieces(facts_of(contract))


def measure_overview(contract: Contract, user: User) -> Progress:
    """How many pieces of the contract are done."""
    found = _pieces(contract)
    done = sum(piece.is_done for piece in found)
    return counted(done, len(found), f"{done} pièces faites sur {len(found)}")


def measure_details(contract: Contract, user: User) -> Progress:
    """How many of the blanks of the model contract are filled: parties, dates, officers, account."""
    found = [piece for piece in _pieces(contract) if piece.code in DETAIL_PIECES]
    done = sum(piece.is_done for piece in found)
    return counted(done, len(found), f"{done} rubriques remplies sur {len(found)}")


def measure_objectives(contract: Contract, user: User) -> Progress:
    """How many objectives the contract carries, done once there are enough of them (rule O2)."""
    total = len(contract.objectives.all())
    is_done = next(piece.is_done for piece in _pieces(contract) if piece.code == "objectives")
    words = "1 objectif" if total == 1 else f"{total} objectifs"
    stage = Stage.DONE if is_done else Stage.STARTED if total else Stage.EMPTY
    return Progress(stage, str(total), words)


def measure_sheets(contract: Contract, user: User) -> Progress:
    """How many sheets are complete (rule A2)."""
    sheets = facts_of(contract).sheets
    done = sum(sheet.is_complete for sheet in sheets)
    if not sheets:
        return Progress(Stage.EMPTY, "0", "aucune fiche")
    return counted(done, len(sheets), f"{done} fiches complètes sur {len(sheets)}")


def measure_calendar(contract: Contract, user: User) -> Progress:
    """How many duties are late: the reader's own raise the alert, the others are said (C5)."""
    today = timezone.localdate()
    duties = duties_of(contract, today=today)
    if contract.ends_on < today:
        # Over is not done: a past contract whose steps nobody ticked is neither late nor a success.
        is_done = all(duty.done_on is not None for duty in duties)
        return Progress(Stage.DONE if is_done else Stage.EMPTY, "fini", "la période du contrat est finie")
    mine = agenda(duties, today=today, kinds=reader_kinds(user, contract) & PARTIES).late
    late = agenda(duties, today=today).late
    if late:
        words = f"{len(late)} échéance{'s' if len(late) > 1 else ''} en retard"
        return Progress(Stage.ALERT if mine else Stage.STARTED, str(len(late)), words)
    # What the contract has left behind without doing it is no longer counted.
    live = [duty for duty in duties if duty.done_on is not None or not duty.is_closed]
    done = sum(duty.done_on is not None for duty in live)
    return counted(done, len(live), f"{done} échéances et étapes faites sur {len(live)}")


def measure_diagnosis(contract: Contract, user: User) -> Progress:
    """How many sections of the shared diagnosis are written; one query."""
    codes = {section.code for section in sections_of(contract.campaign)}
    done = DiagnosisText.objects.filter(diagnosis__contract=contract, code__in=codes).count()
    return counted(done, len(codes), f"{done} rubriques écrites sur {len(codes)}")


def measure_compliance(contract: Contract, user: User) -> Progress:
    """How many findings bar the way to signature, and how many wait for a check: a fixed number of
    queries."""
    return compliance_progress(known_report(contract))


def compliance_progress(report: Report) -> Progress:
    """What the menu says of a report: what is left to mend or to check, an alert where something blocks."""
    left = len(report.blocking) + len(report.to_check)
    stage = Stage.ALERT if report.blocking else Stage.STARTED if left else Stage.DONE
    return Progress(stage, str(left), report.summary)


PARTS = (
    Part("overview", "Synthèse", "contracts:detail", 10, measure_overview),
    Part("details", "Parties et contacts", "contracts:details-edit", 20, measure_details),
    Part("diagnosis", "Diagnostic", "contracts:diagnosis", 30, measure_diagnosis),
    Part("objectives", "Objectifs", "contracts:objectives", 40, measure_objectives),
    Part("sheets", "Fiches action", "contracts:sheets", 70, measure_sheets),
    Part("calendar", "Calendrier", "contracts:calendar", 90, measure_calendar),
    Part("history", "Historique", "contracts:history", 120),
    Part("document", "Document", "contracts:document", 100),
    Part("exchanges", "Échanges", "contracts:exchanges", 110, measure_exchanges),
    Part("compliance", "Conformité", "contracts:compliance", 130, measure_compliance),
)
"""Positions leave room for the parts of higher apps: dashboard 50, plan 60, financing 80."""
