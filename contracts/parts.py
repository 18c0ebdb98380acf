"""The parts of the workspace that contracts owns, and how far each has got (C5)."""

from __future__ import annotations

from cdppe.accounts.models import User
from contracts.compliance import report_of
from contracts.models import Contract
from contracts.overview import facts_of
from contracts.progress import Piece, pieces
from contracts.workspace import Part, Progress, Stage, counted

DETAIL_PIECES = ("effect-date", "parties", "officers", "account", "deliberation")


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


def measure_compliance(contract: Contract, user: User) -> Progress:
    """How many findings bar the way to signature, and how many wait for a check; fixed queries, all its
    own."""
    report = report_of(contract)
    left = len(report.blocking) + len(report.to_check)
    stage = Stage.ALERT if report.blocking else Stage.STARTED if left else Stage.DONE
    return Progress(stage, str(left), report.summary)


PARTS = (
    Part("overview", "Synthèse", "contracts:detail", 10, measure_overview),
    Part("details", "Parties et contacts", "contracts:details-edit", 20, measure_details),
    Part("objectives", "Objectifs", "contracts:objectives", 40, measure_objectives),
    Part("sheets", "Fiches action", "contracts:sheets", 70, measure_sheets),
    Part("history", "Historique", "contracts:history", 120),
    Part("document", "Document", "contracts:document", 100),
    Part("compliance", "Conformité", "contracts:compliance", 130, measure_compliance),
)
"""Positions leave room for the parts between: diagnosis 30, dashboard 50, plan 60, financing 80, calendar 90,
exchanges 110, history 120."""
