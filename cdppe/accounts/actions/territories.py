"""Load the reference tables of departments and territories, and the institutions that go with them.

Source: fixtures/departments.csv and fixtures/territories.csv (INSEE COG; see fixtures/README.md). Loading
twice changes nothing; a territory that has left the file stays, because contracts may name it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from cdppe.accounts.models import Department, Institution, InstitutionKind, Region, Territory
from cdppe.lib.business_days import is_known_calendar

_PLACE_COLUMNS = (
    "name",
    "prefecture_seat",
    "ars_name",
    "court",
    "court_seat",
    "collectivity",
    "collectivity_kind",
)

REGIONAL_DIRECTORATE_NAME = "Direction régionale chargée de la cohésion sociale – {region}"


@dataclass(frozen=True)
class TerritoryReport:
    """How many rows of each table there are after the load."""

    regions: int
    departments: int
    territories: int
    institutions: int


@transaction.atomic
def load_territories(departments_file: Path, territories_file: Path) -> TerritoryReport:
    """Write both tables, then one prefecture and council a territory, one ARS and directorate a region.

    Raises `KeyError` for a column that a file lacks, `ValueError` for a department that no row describes or a
    calendar of public holidays that does not exist.
    """
    regions = _load_departments(departments_file)
    _load_territories(territories_file, regions)
    _load_institutions()
    return TerritoryReport(
        regions=Region.objects.count(),
        departments=Department.objects.count(),
        territories=Territory.objects.count(),
        institutions=Institution.objects.count(),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _region(row: dict[str, str], regions: dict[str, Region]) -> Region:
    code = row["region_code"]
    if code not in regions:
        regions[code], _ = Region.objects.update_or_create(
            code=code, defaults={"name": row["region_name"], "ars_name": row["ars_name"]}
        )
    return regions[code]


def _load_departments(path: Path) -> dict[str, Region]:
    regions: dict[str, Region] = {}
    for row in _rows(path):
        Department.objects.update_or_create(
            code=row["code"],
            defaults={column: row[column] for column in _PLACE_COLUMNS} | {"region": _region(row, regions)},
        )
    return regions


def _load_territories(path: Path, regions: dict[str, Region]) -> None:
    departments = {department.code: department for department in Department.objects.all()}
    for row in _rows(path):
        unknown = [code for code in row["departments"].split() if code not in departments]
        if unknown:
            raise ValueError(f"{path.name}, territory {row['code']}: unknown departments {unknown}")
        territory, _ = Territory.objects.update_or_create(
            code=row["code"],
            defaults={column: row[column] for column in _PLACE_COLUMNS}
            | {
                "of_name": row["of_name"],
                "kind": row["kind"],
                "region": _region(row, regions),
                "holiday_calendar": _holiday_calendar(row),
            },
        )
        territory.departments.set([departments[code] for code in row["departments"].split()])


def _holiday_calendar(row: dict[str, str]) -> str:
    code = row["holiday_calendar"]
    if not is_known_calendar(code):
        raise ValueError(f"territory {row['code']}: unknown calendar of public holidays {code}")
    return code


def _load_institutions() -> None:
    known = {
        (kind, territory_id, region_id): name
        for kind, territory_id, region_id, name in Institution.objects.values_list(
            "kind", "territory_id", "region_id", "name"
        )
    }
    names = set(known.values())
    missing = [each for each in _expected_institutions() if _place(each) not in known]
    for institution in missing:
        # One collectivity may stand for two territories (Alsace since 2021): its name says for which.
        if institution.territory is not None and institution.name in names:
            institution.name = f"{institution.name} ({institution.territory.name})"
        names.add(institution.name)
    Institution.objects.bulk_create(missing)


def _place(institution: Institution) -> tuple[str, int | None, int | None]:
    """What makes it the institution of that kind for that place; an administrator may have renamed it."""
    return institution.kind, institution.territory_id, institution.region_id


def _expected_institutions() -> Iterator[Institution]:
    for territory in Territory.objects.all():
        name = f"Préfecture {territory.of_name}"
        yield Institution(kind=InstitutionKind.PREFECTURE, name=name, territory=territory)
        yield Institution(kind=InstitutionKind.COUNCIL, name=territory.collectivity, territory=territory)
    for region in Region.objects.all():
        yield Institution(kind=InstitutionKind.ARS, name=region.ars_name, region=region)
        name = REGIONAL_DIRECTORATE_NAME.format(region=region.name)
        yield Institution(kind=InstitutionKind.REGIONAL_DIRECTORATE, name=name, region=region)
    for kind in (InstitutionKind.DGCS, InstitutionKind.DGS):
        yield Institution(kind=kind, name=str(kind.label))
