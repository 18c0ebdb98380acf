"""Say whether the journal is whole, or what is broken and where."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contracts.actions.journal_checks import verify
from contracts.chain import Head, Verdict

SHOWN = 100


def _head(text: str) -> Head:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise ArgumentTypeError(f"« {text} » n’est pas une tête, de la forme NUMÉRO:EMPREINTE (64 chiffres).")
    return Head(int(found[1]), found[2], "indiqué dans la commande")


class Command(BaseCommand):
    """`manage.py verify_journal [--format json] [--head NUMÉRO:EMPREINTE]…`: 0 when whole, 1 when broken."""

    help = "Vérifie le journal : entrées modifiées, manquantes, échangées, fin coupée."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=("text", "json"), default="text", help="text ou json")
        parser.add_argument(
            "--head",
            type=_head,
            action="append",
            default=[],
            metavar="NUMÉRO:EMPREINTE",
            help="une tête connue par ailleurs (courriel, journal du serveur) ; plusieurs fois au besoin",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify(options["head"])
        if options["format"] == "json":
            self.stdout.write(json.dumps(_content(verdict), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(_text(verdict))
        if not verdict.is_whole:
            count = len(verdict.breaks)
            told = "1 rupture" if count == 1 else f"{count} ruptures"
            raise CommandError(f"Le journal n’est pas entier : {told}.", returncode=1)


def _content(verdict: Verdict) -> dict[str, Any]:
    return {
        "whole": verdict.is_whole,
        "entries": verdict.count,
        "heads": verdict.heads,
        "last": asdict(verdict.last) if verdict.last else None,
        "breaks": [asdict(each) for each in verdict.breaks],
        "warnings": verdict.warnings,
    }


def _text(verdict: Verdict) -> str:
    lines = [each.sentence for each in verdict.breaks[:SHOWN]]
    if len(verdict.breaks) > SHOWN:
        lines.append(f"… et {len(verdict.breaks) - SHOWN} autres ruptures (--format json les donne toutes).")
    lines += [f"Attention : {warning}" for warning in verdict.warnings]
    read = f"{verdict.count} entrée{'s' if verdict.count > 1 else ''}"
    heads = f"{verdict.heads} tête{'s' if verdict.heads > 1 else ''} hors de la base"
    if verdict.last is not None:
        lines.append(
            f"{read} lue{'s' if verdict.count > 1 else ''}, {heads} ; "
            f"dernière : n° {verdict.last.sequence}, empreinte {verdict.last.hash}."
        )
    else:
        lines.append(f"Le journal est vide ; {heads}.")
    if verdict.is_whole:
        lines.append("Le journal est entier.")
    return "\n".join(lines)
