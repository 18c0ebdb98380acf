"""Importing an edition of figures: a draft shows every problem, one gesture stores it (F7, F8).

An edition never changes once it is stored: a correction is imported as a new edition of the same series,
under a code of its own, and becomes the one from which the next runs are computed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from cdppe.lib.tables import Table, table_from_json, table_to_json
from funding.actions.criteria import load_criteria
from funding.criteria_files import EditionSpec, ValueSpec
from funding.figures import known_places
from funding.figures_import import Places, Preview, preview_figures
from funding.models import CriterionSeries, ImportDraft, SeriesEdition

DRAFT_LASTS = dt.timedelta(hours=24)
LONGEST_CODE = 80
# What is left of it for « -v12 ».
LONGEST_BASE = 74


class ImportRefused(RuleViolation):
    """The import cannot be stored as it is; nothing was."""


@dataclass(frozen=True)
class ImportPreview:
    """Everything that the gesture would store: the edition's own description, and its figures."""

    series_code: str
    series_name: str
    unit: str
    is_new_series: bool
    edition_code: str
    figures: Preview
    places: Places
    same_as: SeriesEdition | None


def begin_import(
    description: Mapping[str, Any], table: Table, *, is_described: bool, file_name: str, by: User
) -> ImportDraft:
    """Keep a table and its description for the preview, a day long; nothing of it is a figure yet.

    `description` has the fields of the import form, as text or truth values, `is_described` says whether the
    form found them right, `table` is what `read_table` gave.
    """
    now = timezone.now()
    ImportDraft.objects.filter(expires_at__lte=now).delete()
    return ImportDraft.objects.create(
        created_by=by,
        created_at=now,
        expires_at=now + DRAFT_LASTS,
        description=dict(description),
        is_described=is_described,
        file_name=file_name[:200],
        table=table_to_json(table),
    )


@transaction.atomic
def revise_import(
    draft: ImportDraft,
    description: Mapping[str, Any],
    table: Table | None,
    *,
    is_described: bool,
    file_name: str,
    by: User,
) -> ImportDraft:
    """Change the description of a draft, and its table when another file was sent. Raises WrongState."""
    draft = ImportDraft.objects.visible_to(by).select_for_update().get(pk=draft.pk)
    if draft.edition_id is not None:
        raise WrongState("Cet import est déjà enregistré : une correction est un nouvel import.")
    draft.description = dict(description)
    draft.is_described = is_described
    if table is not None:
        draft.table = table_to_json(table)
        draft.file_name = file_name[:200]
    draft.expires_at = timezone.now() + DRAFT_LASTS
    draft.save()
    return draft


def preview_import(draft: ImportDraft) -> ImportPreview:
    """What storing `draft` would store, with every problem by cell. Raises ImportRefused.

    The places and the series are those of now: what was right when the file was sent may no longer be.
    """
    said = draft.description
    if not draft.is_described:
        raise ImportRefused("La description n’est pas complète : complétez-la avant d’enregistrer.")
    wanted = said.get("series") or said["series_code"]
    series = CriterionSeries.objects.filter(code=wanted).first()
    if said.get("series") and series is None:
        raise ImportRefused(f"La série « {wanted} » n’existe plus : choisissez-en une autre.")
    if not said.get("series") and series is not None:
        raise ImportRefused(
            f"La série « {wanted} » existe désormais : choisissez-la dans la liste, ou donnez un autre code."
        )
    places = known_places()
    figures = preview_figures(
        table_from_json(draft.table),
        places,
        default_status=said["status"],
        code_column=said.get("code_column", ""),
        value_column=said.get("value_column", ""),
        may_be_partial=bool(said.get("is_partial")),
    )
    return ImportPreview(
        series_code=wanted,
        series_name=series.name if series is not None else said["series_name"],
        unit=series.unit if series is not None else said["unit"],
        is_new_series=series is None,
        edition_code=_free_code(f"{wanted}-{said['producer']}-{said['reference_date']}"),
        figures=figures,
        places=places,
        same_as=_same_edition(series, figures.values) if series is not None else None,
    )


def store_import(draft: ImportDraft, *, by: User) -> SeriesEdition:
    """The one gesture: the draft's figures become a new edition, whole or not at all.

    Made twice (two clicks, two windows) it stores once. Raises ImportRefused when a problem is left.
    """
    try:
        return _store(draft, by)
    except IntegrityError as error:
        raise ImportRefused(
            "Une autre personne vient d’enregistrer une édition de cette série. Rien n’a été enregistré "
            "ici : relisez la liste des séries, puis recommencez s’il le faut."
        ) from error


@transaction.atomic
def _store(draft: ImportDraft, by: User) -> SeriesEdition:
    # The lock makes the second of two gestures wait for the first, and find its edition.
    draft = ImportDraft.objects.visible_to(by).select_for_update(of=("self",)).get(pk=draft.pk)
    if draft.edition is not None:
        return draft.edition
    preview = preview_import(draft)
    if not preview.figures.is_right:
        count = len(preview.figures.problems)
        raise ImportRefused(f"Il reste {count} problème{'s' if count > 1 else ''} : rien n’a été enregistré.")
    said = draft.description
    load_criteria(
        [
            EditionSpec(
                series=preview.series_code,
                series_name=preview.series_name,
                unit=preview.unit,
                code=preview.edition_code,
                producer=said["producer"],
                reference_date=said["reference_date"],
                file=draft.file_name,
                source=said["source"],
                licence=said.get("licence", ""),
                note=said.get("note", ""),
                values=preview.figures.values,
            )
        ],
        by=by,
    )
    draft.edition = SeriesEdition.objects.get(code=preview.edition_code)
    draft.table = {}
    draft.save(update_fields=["edition", "table"])
    return draft.edition


def _free_code(text: str) -> str:
    """The code of a new edition: what it is in a few words, with « -v2 » when that is taken."""
    base = slugify(text)[:LONGEST_BASE].strip("-_")
    taken = set(SeriesEdition.objects.filter(code__startswith=base).values_list("code", flat=True))
    code, rank = base, 1
    while code in taken:
        rank += 1
        code = f"{base}-v{rank}"
    return code[:LONGEST_CODE]


def _same_edition(series: CriterionSeries, values: tuple[ValueSpec, ...]) -> SeriesEdition | None:
    """The current edition of `series` when it says exactly the same figures."""
    current = series.editions.order_by("-loaded_at", "-pk").first()
    if current is None:
        return None
    stored = {(each.place_code, each.value, each.status, each.note) for each in current.values.all()}
    return current if stored == {(v.place_code, v.value, v.status, v.note) for v in values} else None
