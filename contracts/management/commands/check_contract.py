"""`manage.py check_contract REF [--format json]`: the compliance of a contract, without a browser."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contracts.compliance import Line, Report, located, report_of
from contracts.models import Contract

BLOCKED = 1
UNKNOWN = 2


class Command(BaseCommand):
    """Print the findings of one contract, the gravest first: code, rule, severity, message, field.

    REF is a territory's code and a campaign's code: 38-2022. Exit codes: 0 nothing blocks the way to
    signature (points to check and advice may remain); 1 at least one finding blocks it; 2 no such contract,
    or wrong arguments.
    """

    help = "Vérifie la conformité d’un contrat : check_contract REF [--format json]"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", metavar="REF", help="code du territoire, tiret, code de la campagne")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="texte (par défaut) ou JSON"
        )

    def handle(self, *args: Any, reference: str, **options: Any) -> None:
        contract = Contract.objects.with_context().filter(reference=reference).first()
        if contract is None:
            raise CommandError(
                f"Aucun contrat ne porte la référence « {reference} ». "
                "Elle s’écrit : code du territoire, tiret, code de la campagne.",
                returncode=UNKNOWN,
            )
        report = report_of(contract)
        lines = located(contract, report.lines)
        if options["format"] == "json":
            self.stdout.write(json.dumps(_as_json(contract, report, lines), ensure_ascii=False, indent=2))
        else:
            for line in lines:
                self.stdout.write(_as_text(line))
            self.stdout.write(f"{contract.reference} : {report.summary}.")
        if report.blocking:
            raise SystemExit(BLOCKED)


def _as_text(line: Line) -> str:
    label = line.rule.severity.label
    where = line.located.label if line.located else str(line.finding.place)
    answer = f" [répondu par {line.answer.by} : {line.answer.reason}]" if line.is_answered else ""
    return f"{label} | {line.rule.number} | {line.rule.code} | {line.finding.sentence} | {where}{answer}"


def _as_json(contract: Contract, report: Report, lines: tuple[Line, ...]) -> dict[str, Any]:
    return {
        "reference": contract.reference,
        "blocking": len(report.blocking),
        "to_check": len(report.to_check),
        "answered": len(report.answered),
        "advice": len(report.advice),
        "findings": [
            {
                "code": line.rule.code,
                "rule": line.rule.number,
                "source": line.rule.source,
                "severity": line.rule.severity.value,
                "message": line.finding.sentence,
                "field": str(line.finding.place),
                "url": line.located.url if line.located else "",
                "answer": line.answer.reason if line.answer is not None and line.is_answered else "",
            }
            for line in lines
        ],
        "not_checked": [
            {"code": rule.code, "rule": rule.number, "title": rule.title} for rule in report.not_checked
        ],
    }
