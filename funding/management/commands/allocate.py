"""`manage.py allocate`: share an envelope, of a campaign in the database or of any CSV file (rules F5 to F7).

    manage.py allocate --campaign CODE [--envelope CODE] [--year YEAR] [--notify]
                       [--format table|csv|json|xlsx] [--output PATH]
    manage.py allocate FILE --envelope 15000000 --weight children=50 --weight poor=50
                       [--floor 100000] [--ceiling 1000000] [--unit 1]
                       [--format table|csv|json|xlsx] [--output PATH]

The first form stores a run for each envelope, all or none. The second reads a CSV (comma or semicolon, UTF-8)
with a `code` column and one column for each weighted series; it needs no database. A workbook (xlsx) holds
one envelope, with live formulas (funding/workbook); without --output it goes to stdout, when that is no
terminal.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from cdppe.lib.errors import RuleViolation
from cdppe.lib.money import format_amount
from cdppe.lib.table_export import without_formula
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.publications import notify_run
from funding.allocation import Allocation, AllocationRefused, allocate
from funding.models import AllocationLine, AllocationRun
from funding.workbook import allocation_workbook, run_workbook

WRONG_INPUT = 2
BOUNDS = {"floor": "plancher", "ceiling": "plafond", "": ""}


@dataclass(frozen=True)
class Row:
    """One territory's line to print; `key` is a fraction from 0 to 1, amounts are euros."""

    code: str
    name: str
    key: Fraction
    bound: str
    amount: Decimal


@dataclass(frozen=True)
class Block:
    """One envelope shared, ready to print.

    `content` makes what the JSON says, exact fractions included; `workbook` makes the xlsx. `status` is the
    least certain one of the figures, "" for a file, whose figures have none.
    """

    title: str
    code: str
    status: str
    statuses: str
    total: Decimal
    rows: tuple[Row, ...]
    content: Callable[[], dict[str, Any]]
    workbook: Callable[[], bytes]


class Command(BaseCommand):
    """Prints the amounts on stdout; a refusal goes to stderr with every cell concerned, exit code 2."""

    help = "Répartit une enveloppe entre des territoires (annexe 4), en base ou à partir d’un fichier CSV."
    # A file is shared without any database: no check may ask for one.
    requires_system_checks: tuple[str, ...] = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FICHIER", help="CSV avec une colonne code")
        parser.add_argument("--campaign", help="code d’une campagne en base")
        parser.add_argument("--envelope", help="avec --campaign : code d’une enveloppe ; sinon : euros")
        parser.add_argument("--year", type=int, help="année répartie (par défaut, celle de la campagne)")
        parser.add_argument("--notify", action="store_true", help="notifie les montants aux territoires")
        parser.add_argument("--weight", action="append", default=[], metavar="CRITÈRE=POURCENT")
        parser.add_argument("--floor", default="0", metavar="EUROS")
        parser.add_argument("--ceiling", metavar="EUROS")
        parser.add_argument("--unit", default="1", metavar="EUROS")
        parser.add_argument("--format", choices=["table", "csv", "json", "xlsx"], default="table")
        parser.add_argument("--output", type=Path, metavar="CHEMIN", help="écrit là plutôt qu’à l’écran")

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["file"] is None) == (options["campaign"] is None):
            _refuse("Donnez soit un fichier, soit --campaign.")
        if options["format"] == "xlsx":
            self._check_workbook(options)
        if options["campaign"] is not None:
            blocks = _from_campaign(options)
        else:
            blocks = [_from_file(options)]
        if options["format"] == "xlsx":
            written = blocks[0].workbook()
        else:
            written = _printed(blocks, options["format"]).encode()
        if options["output"] is not None:
            _write(options["output"], written)
        elif options["format"] == "xlsx":
            self.stdout.buffer.write(written)
        else:
            self.stdout.write(written.decode(), ending="")

    def _check_workbook(self, options: dict[str, Any]) -> None:
        """Refuse before anything is computed: a run would be stored for a workbook that nobody gets."""
        if options["campaign"] is not None and options["envelope"] is None:
            _refuse("Un classeur tient une seule enveloppe : ajoutez --envelope CODE.")
        if options["output"] is None and self.stdout.isatty():
            _refuse("Un classeur ne s’affiche pas : ajoutez --output CHEMIN.xlsx, ou redirigez la sortie.")


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, returncode=WRONG_INPUT)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        _refuse(f"{path} : écriture impossible ({error.strerror}).")


# --- A campaign of the database -----------------------------------------------------------------


def _from_campaign(options: dict[str, Any]) -> list[Block]:
    campaign = Campaign.objects.filter(code=options["campaign"]).first()
    if campaign is None:
        known = ", ".join(Campaign.objects.values_list("code", flat=True)) or "aucune"
        _refuse(f"La campagne « {options['campaign']} » n’est pas en base (en base : {known}).")
    if options["weight"] or options["ceiling"] is not None:
        _refuse("Les poids et les bornes d’une campagne sont ceux de son fichier : retirez ces options.")
    envelopes = list(campaign.envelopes.all())
    if options["envelope"] is not None:
        codes = ", ".join(envelope.code for envelope in envelopes) or "aucune"
        envelopes = [envelope for envelope in envelopes if envelope.code == options["envelope"]]
        if not envelopes:
            _refuse(
                f"La campagne {campaign.code} n’a pas d’enveloppe « {options['envelope']} » "
                f"(ses enveloppes : {codes})."
            )
    year = campaign.year if options["year"] is None else options["year"]
    try:
        with transaction.atomic():
            runs = [run_allocation(envelope, year=year, by=None) for envelope in envelopes]
            if options["notify"]:
                for run in runs:
                    notify_run(run, by=None)
    except RuleViolation as refusal:
        _refuse(str(refusal))
    return [_block_of_run(run) for run in runs]


def _block_of_run(run: AllocationRun) -> Block:
    lines = list(run.lines.select_related("territory"))
    rows = tuple(
        Row(line.territory.code, line.territory.name, Fraction(line.key), line.bound, line.amount)
        for line in lines
    )
    return Block(
        code=run.envelope.code,
        title=f"{run.envelope.label} ({run.envelope.code}), {run.year} : {format_amount(run.amount)} €",
        status=run.weakest_status,
        statuses=f"Chiffres utilisés : {run.get_weakest_status_display().lower()} pour le moins sûr.",
        total=sum((row.amount for row in rows), Decimal(0)),
        rows=rows,
        content=lambda: _content_of_run(run, lines),
        workbook=lambda: run_workbook(run),
    )


def _content_of_run(run: AllocationRun, lines: Sequence[AllocationLine]) -> dict[str, Any]:
    return {
        "run": run.pk,
        "campaign": run.envelope.campaign.code,
        "envelope": run.envelope.code,
        "year": run.year,
        "factor": run.factor,
        "weakest_status": run.weakest_status,
        "inputs": run.inputs,
        "territories": [
            {
                "code": line.territory.code,
                "name": line.territory.name,
                "key": line.key,
                "contributions": line.contributions,
                "proportional": line.proportional,
                "bound": line.bound or None,
                "exact": line.exact,
                "amount": str(line.amount),
            }
            for line in lines
        ],
    }


# --- A CSV file ---------------------------------------------------------------------------------


def _from_file(options: dict[str, Any]) -> Block:
    if options["envelope"] is None or not options["weight"]:
        _refuse("Un fichier se répartit avec --envelope EUROS et au moins un --weight CRITÈRE=POURCENT.")
    if options["notify"] or options["year"] is not None:
        _refuse("--notify et --year ne valent qu’avec --campaign.")
    rows, names = _read_file(options["file"])
    try:
        allocation = allocate(
            _number("--envelope", options["envelope"]),
            rows,
            _weights(options["weight"]),
            floor=_number("--floor", options["floor"]),
            ceiling=None if options["ceiling"] is None else _number("--ceiling", options["ceiling"]),
            unit=_number("--unit", options["unit"]),
        )
    except AllocationRefused as refusal:
        lines = "\n".join(f"  - {problem}" for problem in refusal.problems)
        _refuse(f"{options['file']} : répartition impossible. À corriger :\n{lines}")
    return _block_of_file(options["file"], allocation, names)


def _block_of_file(file: Path, allocation: Allocation, names: dict[str, str]) -> Block:
    title = f"{file.name} : {format_amount(allocation.envelope)} €"
    return Block(
        code="",
        title=title,
        status="",
        statuses="",
        total=allocation.total,
        rows=tuple(
            Row(line.code, names.get(line.code, ""), line.key, line.bound or "", line.amount)
            for line in allocation.lines
        ),
        content=lambda: _json_of_file(allocation),
        workbook=lambda: allocation_workbook(allocation, title=title, names=names),
    )


def _json_of_file(allocation: Allocation) -> dict[str, Any]:
    """What the JSON of a file holds and nothing else: the factor, the total, six values a territory.

    Fractions are text; euros are integers, or decimal text when the unit is not whole.
    """
    whole = allocation.to_dict()
    wanted = ("code", "key", "proportional", "bound", "exact", "amount")
    return {
        "factor": whole["factor"],
        "total": whole["total"],
        "territories": [{name: line[name] for name in wanted} for line in whole["territories"]],
    }


def _weights(options: Sequence[str]) -> dict[str, Decimal]:
    weights: dict[str, Decimal] = {}
    for option in options:
        series, sign, weight = option.rpartition("=")
        if not sign or not series:
            _refuse(f"--weight {option} : écrivez CRITÈRE=POURCENT, par exemple enfants=50.")
        if series in weights:
            _refuse(f"--weight : le critère « {series} » a deux poids.")
        weights[series] = _number(f"--weight {series}", weight)
    return weights


def _number(option: str, text: str) -> Decimal:
    number = _decimal(text)
    if number is None:
        _refuse(f"{option} : « {text[:40]} » n’est pas un nombre.")
    return number


def _decimal(text: str) -> Decimal | None:
    """The number as it is written, with a point or a comma; None when it is none."""
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None


def _read_file(path: Path) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, str]]:
    """Rows (code, {column: figure, None for an empty cell, its text when it is no number}), {code: name}.

    The allocator itself refuses what is no number, so that every wrong cell is reported at once.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        _refuse(f"{path} : fichier illisible ({error.strerror}).")
    except UnicodeDecodeError:
        _refuse(f"{path} : ce n’est pas du texte en UTF-8.")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if "code" not in (reader.fieldnames or []):
        _refuse(f"{path}, ligne 1 : une colonne « code » est attendue.")
    rows: list[tuple[str, dict[str, Any]]] = []
    names: dict[str, str] = {}
    for row in reader:
        if None in row:
            _refuse(f"{path}, ligne {reader.line_num} : cette ligne a trop de colonnes.")
        code = (row["code"] or "").strip()
        names[code] = (row.get("name") or "").strip()
        rows.append((code, {column: _cell(cell) for column, cell in row.items()}))
    return rows, names


def _cell(cell: str | None) -> Any:
    if cell is None or not cell.strip():
        return None
    number = _decimal(cell)
    return cell.strip() if number is None else number


# --- What is printed ----------------------------------------------------------------------------


def _printed(blocks: Sequence[Block], form: str) -> str:
    if form == "json":
        contents = [block.content() for block in blocks]
        return (
            json.dumps(contents[0] if len(contents) == 1 else contents, ensure_ascii=False, indent=2) + "\n"
        )
    if form == "csv":
        return _as_csv(blocks)
    return "\n".join(_as_table(block) for block in blocks)


def _as_csv(blocks: Sequence[Block]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    # A run on anything but official figures says so, also here.
    has_status = any(block.status for block in blocks)
    columns = ["envelope", "code", "name", "key", "bound", "amount"]
    writer.writerow([*columns, "weakest_status"] if has_status else columns)
    for block in blocks:
        for row in block.rows:
            texts = [without_formula(text) for text in (block.code, row.code, row.name)]
            cells = [*texts, _key(row.key, 10), row.bound, f"{row.amount:f}"]
            writer.writerow([*cells, block.status] if has_status else cells)
    return out.getvalue()


def _as_table(block: Block) -> str:
    width = max([len(row.name) for row in block.rows], default=0)
    lines = [block.title, *([block.statuses] if block.statuses else [])]
    lines += [
        f"{row.code:>5}  {row.name:<{width}}  {_key(row.key * 100, 4):>9} %  "
        f"{format_amount(row.amount):>15} €  {BOUNDS[row.bound]}".rstrip()
        for row in block.rows
    ]
    lines.append(f"Total : {format_amount(block.total)} € pour {format_amount(len(block.rows))} territoires")
    return "\n".join(lines) + "\n"


def _key(number: Fraction, places: int) -> str:
    """A fraction cut to so many decimals, to be read by people; the exact one is in the JSON."""
    scaled = number.numerator * 10**places // number.denominator
    return f"{Decimal(scaled).scaleb(-places):f}"
