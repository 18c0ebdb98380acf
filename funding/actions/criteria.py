"""Loading the figures of the allocation criteria. A loaded edition never changes (rules F7, F8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from cdppe.accounts.models import Department, Territory, User
from cdppe.lib.errors import RuleViolation
from contracts.actions.journal import record_elsewhere
from funding.criteria_files import EditionSpec
from funding.models import CriterionSeries, CriterionValue, SeriesEdition

EDITIONS_NAMED = 5
"""In the journal, before the others are only counted."""


class CriteriaRefused(RuleViolation):
    """Some edition cannot be loaded, hence none is; `problems` holds one French sentence for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class CriteriaReport:
    """What a load did: codes of the editions created and of those that were already there."""

    created: tuple[str, ...]
    unchanged: tuple[str, ...]


@transaction.atomic
def load_criteria(specs: Sequence[EditionSpec], *, by: User | None = None) -> CriteriaReport:
    """Store the editions that are new; the same content again changes nothing. `by` is None for a command.

    An edition is what runs were computed from: it is never rewritten, so a changed content under a known code
    is refused, as are unknown places and a territory counted both whole and by its departments. Raises
    CriteriaRefused with every reason; nothing is stored then.
    """
    stored = dict(SeriesEdition.objects.values_list("code", "content_hash"))
    known = set(Department.objects.values_list("code", flat=True))
    spans = {
        territory.code: {department.code for department in territory.departments.all()}
        for territory in Territory.objects.prefetch_related("departments")
    }
    problems = [problem for spec in specs for problem in _problems(spec, stored, known, spans)]
    if problems:
        raise CriteriaRefused(problems)
    created = [spec for spec in specs if spec.code not in stored]
    for spec in created:
        _create(spec, by=by)
    if created:
        names = ", ".join(f"« {spec.code} »" for spec in created[:EDITIONS_NAMED])
        more = f" et {len(created) - EDITIONS_NAMED} autres" if len(created) > EDITIONS_NAMED else ""
        record_elsewhere("figures.stored", f"Éditions de séries enregistrées : {names}{more}.", by=by)
    return CriteriaReport(
        created=tuple(spec.code for spec in created),
        unchanged=tuple(spec.code for spec in specs if spec.code in stored),
    )


def _problems(
    spec: EditionSpec, stored: dict[str, str], known: set[str], spans: dict[str, set[str]]
) -> list[str]:
    if spec.code in stored:
        if stored[spec.code] == spec.content_hash:
            return []
        return [
            f"{spec.file} : l’édition « {spec.code} » est déjà chargée avec un autre contenu. Une édition ne "
            "change plus, car des répartitions ont pu en être calculées : donnez un nouveau code à la "
            f"correction, par exemple « {spec.code}-v2 »."
        ]
    codes = {each.place_code for each in spec.values}
    problems = [
        f"{spec.file} : le code « {code} » n’est ni un département ni un territoire connu "
        "(chargez d’abord les territoires, ou retirez cette ligne)."
        for code in sorted(codes - known - set(spans))
    ]
    for territory, departments in sorted(spans.items()):
        twice = (departments - {territory}) & codes
        if territory in codes and twice:
            problems.append(
                f"{spec.file} : le territoire « {territory} » est compté deux fois, par sa propre ligne et "
                f"par {', '.join(sorted(twice))} : gardez l’une ou les autres."
            )
    return problems


def _create(spec: EditionSpec, *, by: User | None) -> None:
    series, _ = CriterionSeries.objects.update_or_create(
        code=spec.series, defaults={"name": spec.series_name, "unit": spec.unit}
    )
    edition = SeriesEdition.objects.create(
        series=series,
        code=spec.code,
        producer=spec.producer,
        reference_date=spec.reference_date,
        source=spec.source,
        licence=spec.licence,
        note=spec.note,
        content_hash=spec.content_hash,
        loaded_by=by,
    )
    CriterionValue.objects.bulk_create(
        CriterionValue(
            edition=edition,
            place_code=each.place_code,
            value=each.value,
            status=each.status,
            note=each.note,
        )
        for each in spec.values
    )
