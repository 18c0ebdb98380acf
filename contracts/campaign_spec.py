"""The content of one campaign as frozen dataclasses, and the differences between two of them.

Source: circulaire DGCS/SD2B/DGS/SP1/2020/34, annexes 1 to 6 (what a campaign fixes: rule C1). One dataclass
for each table of the campaign file, one field for each key (docs/campaign-format.md);
contracts/campaign_file/ reads them. Pure: no Django, no database, no clock.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

# A named blank in the text of the model contract.
BLANK = re.compile(r"⟦([a-z][a-z0-9_]*)⟧")

Party = Literal["prefecture", "ars", "council", "dgcs"]
BlankKind = Literal["text", "date", "money", "integer", "iban"]
BlockKind = Literal[
    "title",
    "parties",
    "visa",
    "heading",
    "article",
    "section",
    "paragraph",
    "item",
    "account",
    "line",
    "signature-place",
]


# The content of a campaign. A field without default is a required key of the file.


@dataclass(frozen=True, kw_only=True)
class CommitmentSpec:
    """An « engagement » of the strategy; `dashboard_label` is the heading that annexe 5.2 gives it (O1)."""

    code: str
    label: str
    title: str
    transverse: bool = False
    dashboard_label: str = ""


@dataclass(frozen=True, kw_only=True)
class MeasureSpec:
    """A « mesure », first column of annexes 5.2 and 5.3; `plan_title` is the wording of annexe 5.3."""

    code: str
    commitment: str
    title: str
    plan_title: str = ""


@dataclass(frozen=True, kw_only=True)
class SheetTemplateSpec:
    """A sheet ready to be written (O5, O6): the skeleton of each text of annexe 5.4.

    `code` is unique in the file and stays, since sheets store it. `demand` is the rank, from 1, in the
    objective's `sheet_demands` of the one that it answers; none where only the `action_statements` of every
    action are fixed. Texts carry the light marks of `cdppe.lib.rich_text`; a blank reads
    « [À compléter : …] ».
    """

    code: str
    demand: int | None = None
    title: str
    diagnosis: str = ""
    operational_objective: str = ""
    description: str = ""
    public: str = ""
    actors: str = ""
    calendar: str = ""
    implementation_indicators: str = ""
    vigilance_points: str = ""
    source: str

    @property
    def texts(self) -> dict[str, str]:
        """{field of a sheet: skeleton}, of the fields that have one."""
        return {name: text for name in SHEET_TEXTS if (text := getattr(self, name))}


SHEET_TEXTS = (
    "diagnosis",
    "operational_objective",
    "description",
    "public",
    "actors",
    "calendar",
    "implementation_indicators",
    "vigilance_points",
)
"""The long texts of a sheet, in the order of annexe 5.4."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveSpec:
    """An objective (O1 to O7): annexe 2 for its title, annexes 5.2 and 5.3 for their own wording of it.

    `envelopes` are the codes of those that may finance it (O3), `plan_source` what annexe 5.3 prints,
    `sheet_demands` what the council's president must commit to in a sheet (O5), `assumption` says that the
    objective's status in this campaign is our reading and not a text's.
    """

    number: int
    title: str
    dashboard_title: str = ""
    plan_title: str = ""
    measure: str
    commitment: str
    fundamental: bool
    envelopes: tuple[str, ...]
    plan_source: str = ""
    sheet_demands: tuple[str, ...] = ()
    requires_numeric_target: bool = False
    requires_harmonised_indicator: bool = False
    forbids_purely_quantitative_target: bool = False
    action_statements: tuple[str, ...] = ()
    sheet_templates: tuple[SheetTemplateSpec, ...] = ()
    technical_advice: str = ""
    note: str = ""
    assumption: bool = False


@dataclass(frozen=True, kw_only=True)
class OwnObjectiveSpec:
    """The territory's own objective (O4): how many at most, and the envelope that may finance it."""

    maximum: int
    envelope: str
    label: str
    source: str


@dataclass(frozen=True, kw_only=True)
class IndicatorSpec:
    """One row of the tableau de bord (annexe 5.2), in the order of the file (I1 to I6).

    Either `objective` or `commitment` is given: a transverse row belongs to the commitment. A `share` names
    its `numerator` and `denominator` (I3); rows with the same `twin` count the same thing in two sources
    (I4); a row « dont » names its `parent`; a `heading` holds no value, only rows under it. A row that the
    annex prints a second time, under another objective, names the first one in `same_as`: the figure is typed
    there only.
    """

    code: str
    objective: int | None = None
    commitment: str = ""
    label: str
    short_label: str
    unit: str = ""
    kind: Literal["count", "share", "duration", "heading"]
    source: str = ""
    periodicity: Literal["annual", "half_yearly"] = "annual"
    numerator: str = ""
    denominator: str = ""
    twin: str = ""
    parent: str = ""
    same_as: str = ""
    has_target: bool = True
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class NationalTargetSpec:
    """What the nation aims at for an objective (I8); shares are fractions from 0 to 1."""

    objective: int
    indicator: str = ""
    year: int
    text: str
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class DeadlineSpec:
    """A dated duty of the campaign (C2), `exercise` being the year that a yearly one reports on."""

    code: str
    label: str
    due_on: date
    exercise: int | None = None
    parties: tuple[Party, ...]
    description: str = ""
    source: str


@dataclass(frozen=True, kw_only=True)
class RetroplanningStepSpec:
    """A step of annexe 3.2 (C3), `days_before` the date of effect, None while nobody dated it."""

    code: str
    label: str
    description: str
    days_before: int | None = None


@dataclass(frozen=True, kw_only=True)
class ChronologyStepSpec:
    """A step of annexe 3.1 (C4)."""

    phase: str
    label: str
    duration: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class GanttTaskSpec:
    """A row of annexe 3.3 (C4); `months` are month numbers, empty where the text leaves them so."""

    theme: str
    task: str
    responsible: str = ""
    resources: str = ""
    months: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DiagnosisSectionSpec:
    """A section of the shared diagnosis (annexes 3 and 6): what one writes there, where the text asks it."""

    code: str
    title: str
    help: str
    source: str


@dataclass(frozen=True, kw_only=True)
class CriterionSpec:
    """A criterion of an envelope (annexe 4); `weight` in per cent, `series` names the figures shared by."""

    series: str
    label: str
    weight: Decimal
    source: str


@dataclass(frozen=True, kw_only=True)
class ExpenseNatureSpec:
    """What a State-financed expense is (M4), as a sheet states it; a forbidden one says by which text."""

    code: str
    label: str
    forbidden: bool = False
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class EnvelopeSpec:
    """An envelope of credits (F1 to F4), amounts in euros; no amount, no criteria where none is published.

    `no_substitution` is the text that forbids it to replace an existing financing (M4), with its source.
    """

    code: str
    label: str
    legal_label: str
    plan_label: str
    amount: Decimal | None = None
    rounding_unit: Decimal
    floor: Decimal | None = None
    ceiling: Decimal | None = None
    payer: Literal["prefecture", "ars"]
    paid_to: Literal["council", "esms"]
    budget_line: str = ""
    no_substitution: str = ""
    no_substitution_source: str = ""
    expense_natures: tuple[ExpenseNatureSpec, ...] = ()
    criteria: tuple[CriterionSpec, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SignatorySpec:
    """A signature block of the contract; an optional one applies under `condition`."""

    code: str
    institution_kind: str = ""
    party_label: str = ""
    signature_label: str
    optional: bool = False
    condition: str = ""


@dataclass(frozen=True, kw_only=True)
class BlankSpec:
    """A blank of the model contract, written ⟦name⟧ in its text."""

    name: str
    label: str
    kind: BlankKind


@dataclass(frozen=True, kw_only=True)
class BlockSpec:
    """A paragraph of the model contract with its role."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, kw_only=True)
class ContractModelSpec:
    """The model contract (annexe 5.1, rule K1), its blanks named."""

    version: str
    title: str
    blanks: tuple[BlankSpec, ...]
    blocks: tuple[BlockSpec, ...]


@dataclass(frozen=True, kw_only=True)
class CampaignSpec:
    """One campaign as its file says it (C1); every sequence keeps the order of the file.

    `period_start` and `period_end` are its first and last calendar year: a contract ends on 31 December of
    the last one.
    """

    code: str
    year: int
    title: str
    period_start: int
    period_end: int
    reference_year: int
    reference: str
    source: str
    planned_effect_on: date | None = None
    optional_minimum: int = 0
    optional_maximum: int
    assumptions: tuple[str, ...] = ()
    territories: tuple[str, ...]
    commitments: tuple[CommitmentSpec, ...]
    measures: tuple[MeasureSpec, ...]
    objectives: tuple[ObjectiveSpec, ...]
    own_objective: OwnObjectiveSpec | None = None
    indicators: tuple[IndicatorSpec, ...] = ()
    national_targets: tuple[NationalTargetSpec, ...] = ()
    deadlines: tuple[DeadlineSpec, ...] = ()
    retroplanning: tuple[RetroplanningStepSpec, ...] = ()
    chronology: tuple[ChronologyStepSpec, ...] = ()
    gantt: tuple[GanttTaskSpec, ...] = ()
    diagnosis: tuple[DiagnosisSectionSpec, ...] = ()
    envelopes: tuple[EnvelopeSpec, ...]
    signatories: tuple[SignatorySpec, ...]
    contract_model: ContractModelSpec

    def to_dict(self) -> dict[str, Any]:
        """The canonical, JSON-able content: decimals as plain strings, dates in ISO form, tuples as lists.

        Equal campaigns give equal dicts, whatever the layout and the comments of their files.
        """
        content = _plain(self)
        assert isinstance(content, dict)
        return content


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


# Which key tells the items of a list apart, in places and in differences. Lists not named here go by rank.
IDENTIFYING_KEYS = {
    "commitments": ("code",),
    "measures": ("code",),
    "objectives": ("number",),
    "sheet_templates": ("code",),
    "indicators": ("code",),
    "national_targets": ("objective", "year"),
    "deadlines": ("code",),
    "retroplanning": ("code",),
    "chronology": (),
    "gantt": (),
    "diagnosis": ("code",),
    "envelopes": ("code",),
    "expense_natures": ("code",),
    "criteria": ("series",),
    "signatories": ("code",),
    "blanks": ("name",),
    "blocks": (),
}


# Keys that came after campaigns were in use: pages read them from the stored content, no table holds them,
# so that a campaign in use may be completed with them (`without_completions`).
COMPLETING_KEYS = frozenset({"no_substitution", "no_substitution_source", "expense_natures"})


def without_completions(old: Any, new: Any, name: str = "") -> Any:
    """`new` without the completing keys that `old`, stored by an earlier version, does not have at all."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {
            key: without_completions(old[key], value, key) if key in old else value
            for key, value in new.items()
            if key in old or key not in COMPLETING_KEYS
        }
    if isinstance(old, list) and isinstance(new, list):
        before = _keyed([item for item in old if isinstance(item, dict)], name)
        return [
            without_completions(before.get(identity_of(name, item), {}), item)
            if isinstance(item, dict) and identity_of(name, item) in before
            else item
            for item in new
        ]
    return new


def diff_specs(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changes from one canonical content (`CampaignSpec.to_dict`) to another, one French line each.

    Items are told apart by code or number, not by rank: `objectives[12].title : « … » → « … »`. Empty when
    the two are equal. An order that changes alone is said on one line.
    """
    return list(_differences(dict(old), dict(new), "", ""))


def _differences(old: Any, new: Any, place: str, name: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            where = joined_place(place, key)
            if key not in new:
                yield f"{where} : {_told(old[key])} retiré"
            elif key not in old:
                yield f"{where} : {_told(new[key])} ajouté"
            else:
                yield from _differences(old[key], new[key], where, key)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(old, new, place, name)
    elif old != new:
        yield f"{place} : {_told(old)} → {_told(new)}"


def _list_differences(old: list[Any], new: list[Any], place: str, name: str) -> Iterator[str]:
    if old == new:
        return
    if not any(isinstance(item, dict) for item in [*old, *new]):
        gone = [item for item in old if item not in new]
        come = [item for item in new if item not in old]
        yield from (f"{place} : {_told(item)} retiré" for item in gone)
        yield from (f"{place} : {_told(item)} ajouté" for item in come)
        if not gone and not come:
            yield f"{place} : l’ordre ou le nombre change"
        return
    before, after = _keyed(old, name), _keyed(new, name)
    for key in [*before, *(key for key in after if key not in before)]:
        where = f"{place}[{key}]"
        if key not in after:
            yield f"{where} : retiré ({_told(before[key])})"
        elif key not in before:
            yield f"{where} : ajouté ({_told(after[key])})"
        else:
            yield from _differences(before[key], after[key], where, name)
    if before.keys() == after.keys() and list(before) != list(after):
        yield f"{place} : l’ordre change"


def _keyed(items: list[Any], name: str) -> dict[str, Any]:
    """{identity: item}, a second item of the same identity being told apart by its rank."""
    keyed: dict[str, Any] = {}
    for rank, item in enumerate(items, start=1):
        key = identity_of(name, item) or f"n° {rank}"
        keyed[key if key not in keyed else f"{key}, n° {rank}"] = item
    return keyed


def _told(value: Any) -> str:
    if value is None or value == "":
        return "rien"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, dict):
        label = value.get("title") or value.get("label") or value.get("text") or value.get("task") or ""
        return f"« {label} »"
    if isinstance(value, list):
        return ", ".join(_told(item) for item in value) or "rien"
    return f"« {value} »"


def joined_place(place: str, key: str) -> str:
    """The place of `key` inside the table at `place`, which is empty at the top of the file."""
    return f"{place}.{key}" if place else key


def identity_of(name: str, item: object) -> str:
    """What tells an item of the list `name` from the others: "12", "2020, 3"; empty when it has nothing."""
    keys = IDENTIFYING_KEYS.get(name, ())
    if not keys or not isinstance(item, dict):
        return ""
    parts = [str(item[key]) for key in keys if isinstance(item.get(key), str | int)]
    return ", ".join(parts) if len(parts) == len(keys) else ""
