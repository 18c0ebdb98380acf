"""Reads the folder of criteria figures (`editions.toml` and its CSV files) into frozen dataclasses.

Pure module: no Django, no database. Every fault is reported at once, with file, line, column, value and
reason; a folder with a single fault is refused whole.

A CSV has four columns: `code` (a department, or a territory that the source counts in one row), `value`
(empty: not available, which is not zero), `status` (`official`, `estimate`, `stand_in`) and `note`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

EDITIONS_FILE = "editions.toml"
COLUMNS = ["code", "value", "status", "note"]
STATUSES = ("official", "estimate", "stand_in")
LONGEST_NOTE = 400
# As many digits as the column of the database: 14 before the point, 4 after.
_FIGURE = re.compile(r"\d{1,14}(?:\.\d{1,4})?", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_REQUIRED = {
    "series": 60,
    "series_name": 200,
    "unit": 60,
    "code": 80,
    "producer": 160,
    "reference_date": 60,
    "file": 200,
    "source": 2000,
}
_OPTIONAL = {"licence": 160, "note": 2000}


@dataclass(frozen=True)
class CriteriaProblem:
    """One fault: the file, the place in it, and a French sentence."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place} : {self.reason}"


class CriteriaFileErrors(ValueError):
    """The folder is refused; `problems` holds every fault."""

    def __init__(self, problems: Iterable[CriteriaProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class ValueSpec:
    """The figure of one place; `value` is None when it is not available."""

    place_code: str
    value: Decimal | None
    status: str
    note: str


@dataclass(frozen=True)
class EditionSpec:
    """One edition of one series, with its values in the order of the file."""

    series: str
    series_name: str
    unit: str
    code: str
    producer: str
    reference_date: str
    file: str
    source: str
    licence: str
    note: str
    values: tuple[ValueSpec, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 of what the edition says: its description and values, whatever the name of the file."""
        content: dict[str, Any] = asdict(self)
        for name in ("series_name", "unit", "file", "values"):
            del content[name]
        content["values"] = sorted(
            [each.place_code, None if each.value is None else f"{each.value:.4f}", each.status, each.note]
            for each in self.values
        )
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_criteria(folder: Path) -> tuple[EditionSpec, ...]:
    """The editions of `folder`, in the order of `editions.toml`.

    Raises CriteriaFileErrors with every fault of every file.
    """
    problems: list[CriteriaProblem] = []
    editions = [
        edition
        for place, table in _read_index(folder, problems)
        if (edition := _read_edition(folder, place, table, problems)) is not None
    ]
    for place, code in _repeated([each.code for each in editions]):
        problems.append(CriteriaProblem(EDITIONS_FILE, place, f"l’édition « {code} » figure plusieurs fois."))
    if problems:
        raise CriteriaFileErrors(problems)
    return tuple(editions)


def _read_index(folder: Path, problems: list[CriteriaProblem]) -> list[tuple[str, dict[str, Any]]]:
    try:
        content = tomllib.loads((folder / EDITIONS_FILE).read_text(encoding="utf-8"))
    except OSError:
        problems.append(CriteriaProblem(EDITIONS_FILE, str(folder), "ce fichier est introuvable."))
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(CriteriaProblem(EDITIONS_FILE, "fichier", f"ce n’est pas un fichier TOML : {error}"))
        return []
    tables = content.get("editions")
    if not isinstance(tables, list) or not tables or not all(isinstance(each, dict) for each in tables):
        problems.append(
            CriteriaProblem(EDITIONS_FILE, "editions", "une liste de tables [[editions]] est attendue.")
        )
        return []
    return [(f"editions[{rank}]", table) for rank, table in enumerate(tables, start=1)]


def _read_edition(
    folder: Path, place: str, table: dict[str, Any], problems: list[CriteriaProblem]
) -> EditionSpec | None:
    before = len(problems)
    texts = {}
    for key, longest in (_REQUIRED | _OPTIONAL).items():
        text = table.get(key, "")
        texts[key] = text.strip() if isinstance(text, str) else ""
        if not isinstance(text, str) or (key in _REQUIRED and not texts[key]):
            problems.append(CriteriaProblem(EDITIONS_FILE, f"{place}.{key}", "un texte est attendu."))
        elif len(texts[key]) > longest:
            problems.append(
                CriteriaProblem(EDITIONS_FILE, f"{place}.{key}", f"{longest} caractères au plus.")
            )
    problems.extend(
        CriteriaProblem(EDITIONS_FILE, f"{place}.{key}", "cette clé n’existe pas.")
        for key in sorted(set(table) - set(_REQUIRED) - set(_OPTIONAL))
    )
    problems.extend(
        CriteriaProblem(
            EDITIONS_FILE,
            f"{place}.{key}",
            f"« {texts[key]} » : lettres sans accent, chiffres, tiret et tiret bas seulement.",
        )
        for key in ("series", "code")
        if texts[key] and not _CODE.fullmatch(texts[key])
    )
    values: list[ValueSpec] = []
    if Path(texts["file"]).name != texts["file"]:
        problems.append(
            CriteriaProblem(EDITIONS_FILE, f"{place}.file", "un nom de fichier de ce dossier est attendu.")
        )
    elif texts["file"]:
        values = _read_values(folder / texts["file"], problems)
    return EditionSpec(**texts, values=tuple(values)) if len(problems) == before else None


def _read_values(path: Path, problems: list[CriteriaProblem]) -> list[ValueSpec]:
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except OSError:
        problems.append(CriteriaProblem(path.name, "fichier", "ce fichier est introuvable."))
        return []
    except (UnicodeDecodeError, csv.Error) as error:
        problems.append(CriteriaProblem(path.name, "fichier", f"ce n’est pas un CSV en UTF-8 : {error}"))
        return []
    if not rows or rows[0] != COLUMNS:
        problems.append(
            CriteriaProblem(path.name, "ligne 1", f"les colonnes attendues sont {', '.join(COLUMNS)}.")
        )
        return []
    values = []
    for line, row in enumerate(rows[1:], start=2):
        value = _read_value(path.name, f"ligne {line}", row, problems)
        if value is not None:
            values.append(value)
    if not rows[1:]:
        problems.append(CriteriaProblem(path.name, "fichier", "aucune valeur."))
    for place, code in _repeated([each.place_code for each in values]):
        problems.append(CriteriaProblem(path.name, place, f"le code « {code} » figure plusieurs fois."))
    return values


def _read_value(file: str, place: str, row: list[str], problems: list[CriteriaProblem]) -> ValueSpec | None:
    if len(row) != len(COLUMNS):
        problems.append(
            CriteriaProblem(file, place, f"{len(COLUMNS)} colonnes sont attendues, {len(row)} sont données.")
        )
        return None
    code, value, status, note = (cell.strip() for cell in row)
    before = len(problems)
    if not code or len(code) > 5:
        problems.append(
            CriteriaProblem(file, f"{place}, colonne code", f"« {code[:40]} » n’est pas un code.")
        )
    if value and not _FIGURE.fullmatch(value):
        problems.append(
            CriteriaProblem(
                file,
                f"{place}, colonne value",
                f"« {value[:40]} » n’est pas un nombre positif ou nul (quatre décimales au plus).",
            )
        )
    if status not in STATUSES:
        problems.append(
            CriteriaProblem(
                file, f"{place}, colonne status", f"« {status[:40]} » : {', '.join(STATUSES)} attendu."
            )
        )
    if len(note) > LONGEST_NOTE:
        problems.append(
            CriteriaProblem(file, f"{place}, colonne note", f"{LONGEST_NOTE} caractères au plus.")
        )
    if len(problems) > before:
        return None
    return ValueSpec(code, Decimal(value) if value else None, status, note)


def _repeated(codes: list[str]) -> list[tuple[str, str]]:
    """(place, code) of each code that comes again."""
    seen: set[str] = set()
    repeated = []
    for rank, code in enumerate(codes, start=1):
        if code in seen:
            repeated.append((f"n° {rank}", code))
        seen.add(code)
    return repeated
