"""The sections of a contract's shared diagnosis and their texts (annexes 3 and 6; rules C3, C4)."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.models import Campaign, Contract, Diagnosis

WHOLE = "diagnosis"


@dataclass(frozen=True)
class Section:
    """A section as the campaign gives it, and its text in one contract, empty while nobody wrote it."""

    code: str
    title: str
    help: str
    text: str = ""

    @property
    def field(self) -> str:
        """The name of its field in the form and in a `Place`."""
        return section_field(self.code)


def section_field(code: str) -> str:
    """The name of the form's field of the section `code`."""
    return f"section-{code}"


def sections_of(campaign: Campaign) -> tuple[Section, ...]:
    """The sections of the campaign's diagnosis; a campaign that gives none has one text."""
    rows = campaign.spec.get("diagnosis") or [
        {
            "code": WHOLE,
            "title": "Diagnostic partagé",
            "help": "Ce que les trois parties constatent ensemble avant de négocier.",
        }
    ]
    return tuple(Section(row["code"], row["title"], row["help"]) for row in rows)


def written_sections(contract: Contract, diagnosis: Diagnosis | None) -> tuple[Section, ...]:
    """The sections of `contract` with their texts, in the order of the campaign."""
    texts = {} if diagnosis is None else {each.code: each.text for each in diagnosis.texts.all()}
    return tuple(
        Section(each.code, each.title, each.help, texts.get(each.code, ""))
        for each in sections_of(contract.campaign)
    )
