"""What an envelope may pay, as the campaign says it, and what a sheet states of it (rule M4).

Source: circulaire 2020/34, annexe 4-I, 4-II-B, 4-III-B and 4-IV-B. The natures of expense, those that an
envelope does not pay and the text that says so are data of the campaign (docs/campaign-format.md), read from
its stored content. Pure: no model is read here.

What we chose where the text is silent: one nature an envelope and a sheet, the main one; a campaign that
lists no nature asks nothing.

>>> terms = terms_of({"envelopes": [{"code": "A", "expense_natures": [{"code": "staff", "label": "ETP"}]}]})
>>> terms["A"].nature("staff").label
'ETP'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NATURE_PREFIX = "nature-e"
REPLACES_PREFIX = "replaces-e"
REPLACES_TYPED = {"": None, "no": False, "yes": True}
"""What the box of the second question posts."""


@dataclass(frozen=True)
class ExpenseNature:
    """A nature of expense; a forbidden one gives the text that forbids it and where it stands."""

    code: str
    label: str
    is_forbidden: bool = False
    rule: str = ""
    source: str = ""


@dataclass(frozen=True)
class ExpenseTerms:
    """What one envelope may pay; empty for a campaign that says nothing of it."""

    natures: tuple[ExpenseNature, ...] = ()
    no_substitution: str = ""
    no_substitution_source: str = ""

    @property
    def asks(self) -> bool:
        """Whether a sheet is asked anything about this envelope's money."""
        return bool(self.natures or self.no_substitution)

    def nature(self, code: str) -> ExpenseNature | None:
        return next((each for each in self.natures if each.code == code), None)


NO_TERMS = ExpenseTerms()
"""Those of an envelope of which the campaign says nothing."""


@dataclass(frozen=True)
class StatedExpense:
    """What a sheet states of one envelope's money; `replaces_existing` is None as long as nobody said it."""

    envelope_id: int
    nature: str
    replaces_existing: bool | None


@dataclass(frozen=True)
class Option:
    """A choice of a box."""

    value: str
    label: str
    is_selected: bool


@dataclass(frozen=True)
class ExpenseRow:
    """The two boxes of one State source, as they were typed; `objections` are the texts that object."""

    envelope_id: int
    label: str
    natures: tuple[Option, ...]
    answers: tuple[Option, ...]
    stated: StatedExpense
    objections: tuple[str, ...]
    error: str = ""

    @property
    def nature_name(self) -> str:
        return f"{NATURE_PREFIX}{self.envelope_id}"

    @property
    def replaces_name(self) -> str:
        return f"{REPLACES_PREFIX}{self.envelope_id}"

    @property
    def nature_label(self) -> str:
        """The nature in words, empty when nobody said it."""
        return next((each.label for each in self.natures if each.is_selected and each.value), "")

    @property
    def answer_label(self) -> str:
        return next((each.label for each in self.answers if each.is_selected and each.value), "")


def terms_of(spec: Mapping[str, Any]) -> dict[str, ExpenseTerms]:
    """{code of an envelope: what it may pay} of a campaign's stored content."""
    return {
        envelope["code"]: ExpenseTerms(
            natures=tuple(
                ExpenseNature(
                    each["code"],
                    each["label"],
                    each.get("forbidden", False),
                    each.get("rule", ""),
                    each.get("source", ""),
                )
                for each in envelope.get("expense_natures", ())
            ),
            no_substitution=envelope.get("no_substitution", ""),
            no_substitution_source=envelope.get("no_substitution_source", ""),
        )
        for envelope in spec.get("envelopes", ())
    }


def objections(terms: ExpenseTerms, stated: StatedExpense) -> tuple[str, ...]:
    """What the texts object to a statement, a French sentence each; none when they do not."""
    found = []
    nature = terms.nature(stated.nature)
    if nature is not None and nature.is_forbidden:
        found.append(f"{nature.label} : « {nature.rule} » (circulaire, {nature.source})")
    if stated.replaces_existing and terms.no_substitution:
        found.append(f"« {terms.no_substitution} » (circulaire, {terms.no_substitution_source})")
    return tuple(found)


def typed_expenses(stated: Iterable[StatedExpense]) -> dict[str, str]:
    """What the boxes show of stored statements: {name of the box: value}."""
    words = {value: typed for typed, value in REPLACES_TYPED.items()}
    return {
        name: value
        for each in stated
        for name, value in (
            (f"{NATURE_PREFIX}{each.envelope_id}", each.nature),
            (f"{REPLACES_PREFIX}{each.envelope_id}", words[each.replaces_existing]),
        )
        if value
    }


def read_expenses(
    sources: Sequence[tuple[int, str, ExpenseTerms]], typed: Mapping[str, str]
) -> tuple[ExpenseRow, ...]:
    """The boxes of `sources` (primary key of an envelope, its label, its terms) filled with `typed`.

    A source whose campaign asks nothing has no row; other inputs are ignored.
    """
    return tuple(_row(pk, label, terms, typed) for pk, label, terms in sources if terms.asks)


def _row(pk: int, label: str, terms: ExpenseTerms, typed: Mapping[str, str]) -> ExpenseRow:
    code = typed.get(f"{NATURE_PREFIX}{pk}", "").strip()
    answer = typed.get(f"{REPLACES_PREFIX}{pk}", "").strip()
    error = ""
    if code and terms.nature(code) is None:
        error = f"{label} : choisissez une nature de dépense de la liste."
        code = ""
    if answer not in REPLACES_TYPED:
        error = f"{label} : répondez oui ou non, ou laissez sans réponse."
        answer = ""
    stated = StatedExpense(pk, code, REPLACES_TYPED[answer])
    return ExpenseRow(
        envelope_id=pk,
        label=label,
        natures=(
            Option("", "À préciser", not code),
            *(Option(each.code, each.label, each.code == code) for each in terms.natures),
        ),
        answers=(
            Option("", "À préciser", not answer),
            Option("no", "Non, ils s’ajoutent à ce qui existe", answer == "no"),
            Option("yes", "Oui, ils en remplacent un", answer == "yes"),
        ),
        stated=stated,
        objections=objections(terms, stated),
        error=error,
    )
