"""The text of an amendment, written from what it changes: nothing of it is typed twice (rule V1).

The circular has no model of an amendment; articles 4 and 5 of its model contract (annexe 5.1) say what the
yearly one bears on. What we chose: visas, object and reason, one article a part of the contract that changes
(what is added, what is taken away, what stood and what stands instead), the other provisions unchanged, the
day of effect, the contract's own signature blocks.

`amendment_text` gives plain frozen data; the template lays it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from agreements.comparison import Change, ChangedField, ChangedObject
from agreements.reading import ACCOUNT, DOCUMENT, part_label
from contracts.document import Signature
from contracts.document_words import french_date
from contracts.models import Amendment, Contract

SIGNATURES = "signatures"
NOTHING = "–"
PRIVATE_FIELDS = frozenset({"representative_name"})
"""Fields that hold a person's name, which the public version does not give."""

DETAILS = "details"
LEADS = {
    DOCUMENT: "Le texte du contrat est modifié comme suit.",
    DETAILS: "Les informations relatives aux parties et au contrat sont modifiées comme suit.",
    "objectives": "La liste des objectifs du contrat est modifiée comme suit.",
    "sheets": "Les fiches action annexées au contrat et le plan d’action sont modifiés comme suit.",
    "dashboard": "Le tableau de bord annexé au contrat est modifié comme suit.",
    "financing": "Les moyens inscrits au contrat sont modifiés comme suit.",
}
"""{part: how its article begins}."""
GATHERED = frozenset({DETAILS, "objectives", "dashboard", "financing"})
"""Parts of which each thing is a line or two: one table tells them all."""
OTHER_LEAD = "Cette partie est modifiée comme suit."
KINDS = {Change.ADDED: "Ajout", Change.REMOVED: "Suppression", Change.CHANGED: "Modification"}


@dataclass(frozen=True)
class TextRow:
    """A line of a change: what it is about, what stood, what stands instead.

    `privacy` is "" or what the public version says instead of both texts.
    """

    label: str
    before: str
    after: str
    privacy: str = ""


@dataclass(frozen=True)
class TextChange:
    """One thing of the contract that the amendment adds, takes away or writes again."""

    kind: str
    label: str
    rows: tuple[TextRow, ...]
    has_before: bool
    has_after: bool


@dataclass(frozen=True)
class TextArticle:
    """A numbered article: its title, its paragraphs, then what it changes."""

    number: int
    title: str
    paragraphs: tuple[str, ...]
    changes: tuple[TextChange, ...] = ()


@dataclass(frozen=True)
class AmendmentText:
    """The whole text, before any layout."""

    title: str
    parties: tuple[str, ...]
    visas: tuple[str, ...]
    articles: tuple[TextArticle, ...]
    signatures: tuple[Signature, ...]


def amendment_text(
    amendment: Amendment,
    *,
    found: Sequence[ChangedObject],
    earlier: Sequence[Amendment],
    signatures: tuple[Signature, ...],
) -> AmendmentText:
    """The text of `amendment`: `found` is what it changes, accounts in clear; `earlier` those in force."""
    contract = amendment.contract
    title = (
        f"Avenant n° {amendment.number} au contrat départemental de prévention et de protection de l’enfance"
    )
    bodies = [
        ("Objet", (f"Le présent avenant a pour objet : {_sentence(amendment.object)}", amendment.reason), ()),
        *_end_of_contract(amendment),
        *((part_label(part), (LEADS.get(part, OTHER_LEAD),), each) for part, each in changes_by_part(found)),
        (
            "Autres stipulations",
            ("Les autres stipulations du contrat et de ses annexes demeurent inchangées.",),
            (),
        ),
        ("Entrée en vigueur", (_effect(amendment),), ()),
    ]
    return AmendmentText(
        title=title,
        parties=parties_of(contract),
        visas=_visas(amendment, earlier),
        articles=tuple(
            TextArticle(number, heading, tuple(filter(None, paragraphs)), changed)
            for number, (heading, paragraphs, changed) in enumerate(bodies, start=1)
        ),
        signatures=signatures,
    )


def parties_of(contract: Contract) -> tuple[str, ...]:
    """Who contracts, as the cover of the contract names them."""
    return (
        f"l’État, représenté par le préfet {contract.territory.of_name}",
        f"l’agence régionale de santé ({contract.territory.ars_name})",
        contract.territory.collectivity,
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _visas(amendment: Amendment, earlier: Sequence[Amendment]) -> tuple[str, ...]:
    contract = amendment.contract
    visas = [
        f"Vu le contrat départemental de prévention et de protection de l’enfance {contract.reference}"
        + (f", signé le {french_date(contract.signed_on)}" if contract.signed_on else "")
    ]
    visas += [
        f"Vu l’avenant n° {each.number} à ce contrat"
        + (f", signé le {french_date(each.signed_on)}" if each.signed_on else "")
        for each in earlier
    ]
    if amendment.odpe_informed_on is not None:
        visas.append(
            "Vu l’information de l’observatoire départemental de la protection de l’enfance, le "
            + french_date(amendment.odpe_informed_on)
        )
    if amendment.deliberation_number and amendment.deliberation_on is not None:
        visas.append(
            f"Vu la délibération n° {amendment.deliberation_number} du conseil départemental "
            f"{contract.territory.of_name} en date du {french_date(amendment.deliberation_on)}"
        )
    return (*(f"{visa} ;" for visa in visas), "Il est convenu ce qui suit.")


def _end_of_contract(
    amendment: Amendment,
) -> list[tuple[str, tuple[str, ...], tuple[TextChange, ...]]]:
    end = amendment.new_ends_on
    if end is None:
        return []
    verb = "prorogé jusqu’au" if end > amendment.contract.ends_on else "ramené au"
    before = french_date(amendment.contract.ends_on)
    told = (
        f"Le terme du contrat, fixé au {before}, est {verb} {french_date(end)}. Cette date remplace celle "
        "que porte l’article relatif à la durée du contrat."
    )
    return [("Durée du contrat", (told,), ())]


def _effect(amendment: Amendment) -> str:
    if amendment.planned_effect_on is None:
        return "Le présent avenant prend effet à compter de la dernière signature des parties."
    return (
        f"Le présent avenant prend effet le {french_date(amendment.planned_effect_on)}, ou à compter de la "
        "dernière signature des parties si elle est plus tardive."
    )


def changes_by_part(found: Iterable[ChangedObject]) -> list[tuple[str, tuple[TextChange, ...]]]:
    """[(part, what changes in it)], the articles of the contract first; what two parts say is told once."""
    objects = list(found)
    articles = [field for each in objects if each.part == DOCUMENT for field in each.fields]
    written = [
        kept
        for each in objects
        if (kept := _without_repeats(each, articles) if each.part == DETAILS else each).fields
    ]
    ordered = sorted(written, key=lambda each: each.part != DOCUMENT)
    return [
        (part, _gathered(of_part) if part in GATHERED else tuple(text_change(each) for each in of_part))
        for part, of_part in groupby(ordered, key=lambda each: each.part)
    ]


def _gathered(of_part: Iterable[ChangedObject]) -> tuple[TextChange, ...]:
    """One table for all that is added in a part, one for all that changes, one for all that goes."""
    found: dict[Change, list[TextRow]] = {}
    for each in of_part:
        rows = (row for field in each.fields for row in _field_rows(field))
        found.setdefault(each.change, []).extend(
            TextRow(_whole_label(each, row), row.before, row.after, row.privacy) for row in rows
        )
    return tuple(_change(kind, "", tuple(rows)) for kind, rows in found.items())


def _whole_label(changed: ChangedObject, row: TextRow) -> str:
    """What the row is about, and of which thing; the part itself is not said again."""
    return row.label if changed.label == part_label(changed.part) else f"{changed.label} – {row.label}"


def _without_repeats(changed: ChangedObject, articles: Sequence[ChangedField]) -> ChangedObject:
    """`changed` without the fields of which the articles of the contract tell the change already."""
    before = "\n".join(each.before or "" for each in articles).casefold()
    after = "\n".join(each.after or "" for each in articles).casefold()
    fields = tuple(
        each
        for each in changed.fields
        if not (each.after and each.after.casefold() in after)
        or not (not each.before or each.before.casefold() in before)
    )
    return ChangedObject(changed.part, changed.item, changed.label, changed.change, fields)


def text_change(changed: ChangedObject) -> TextChange:
    """How the text of the amendment tells one change; the rows of an article are its lines that changed."""
    rows = tuple(
        row
        for field in changed.fields
        for row in (_article_rows(field) if changed.part == DOCUMENT else _field_rows(field))
    )
    return _change(changed.change, changed.label, rows)


def _change(change: Change, label: str, rows: tuple[TextRow, ...]) -> TextChange:
    return TextChange(
        kind=KINDS[change],
        label=label,
        rows=rows,
        has_before=change != Change.ADDED,
        has_after=change != Change.REMOVED,
    )


def _field_rows(field: ChangedField) -> tuple[TextRow, ...]:
    privacy = "Nom" if field.field in PRIVATE_FIELDS else ""
    return (TextRow(field.label, field.before or NOTHING, field.after or NOTHING, privacy),)


def _article_rows(field: ChangedField) -> tuple[TextRow, ...]:
    """The lines of an article that are not the same, in their order."""
    privacy = {ACCOUNT: "Coordonnées bancaires", SIGNATURES: "Signatures"}.get(field.field, "")
    old, new = _lines(field.before), _lines(field.after)
    return tuple(
        TextRow(
            field.label,
            "\n".join(old[i1:i2]) or NOTHING,
            "\n".join(new[j1:j2]) or NOTHING,
            privacy,
        )
        for tag, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
        if tag != "equal"
    )


def _lines(text: str | None) -> list[str]:
    return [line for line in (text or "").splitlines() if line.strip()]
