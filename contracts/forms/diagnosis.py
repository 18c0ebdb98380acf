"""The form of the shared diagnosis: one long text for each section that the campaign gives it."""

from __future__ import annotations

from typing import Any

from django import forms

from cdppe.lib.text_forms import TypedTexts
from contracts.actions.diagnosis import UNWRITTEN
from contracts.diagnosis import Section, section_field, written_sections
from contracts.forms.opened import OpenedForm, VersionField
from contracts.models import Contract, Diagnosis

LONGEST_SECTION = 40_000
"""Characters of one section: some fifteen printed pages."""


class DiagnosisForm(OpenedForm, TypedTexts, forms.Form):
    """The texts of a diagnosis; `texts` of a valid form is what `save_diagnosis` takes."""

    # The page says once that everything may stay empty.
    hides_optional_marks = True

    version = VersionField()

    def __init__(
        self, data: Any = None, *, contract: Contract, diagnosis: Diagnosis | None, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.sections: tuple[Section, ...] = written_sections(contract, diagnosis)
        self.initial["version"] = UNWRITTEN if diagnosis is None else diagnosis.version
        self.stands_on(f"diagnosis/{contract.pk}")
        for section in self.sections:
            self.fields[section.field] = forms.CharField(
                label=section.title,
                help_text=section.help,
                required=False,
                initial=section.text,
                max_length=LONGEST_SECTION,
                widget=forms.Textarea(attrs={"rows": 8}),
            )

    @property
    def bound_sections(self) -> list[forms.BoundField]:
        """The fields of the sections, in order."""
        return [self[section.field] for section in self.sections]

    @property
    def texts(self) -> dict[str, str]:
        """{code of a section: text} of a valid form."""
        return {section.code: self.cleaned_data[section.field] for section in self.sections}

    @property
    def names(self) -> dict[str, str]:
        """{name of a field: code of its section}."""
        return {section_field(section.code): section.code for section in self.sections}
