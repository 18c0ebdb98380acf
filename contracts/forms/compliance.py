"""The forms of the compliance page: what it shows, and the answer to a finding."""

from __future__ import annotations

import unicodedata

from django import forms

from contracts.compliance import Severity
from contracts.workspace import Part

LONGEST_REASON = 1000
INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs"})
"""Unicode's control, format, private and surrogate characters; a space that does not break is none of
them."""


class FindingAnswerForm(forms.Form):
    """A reason for one finding, which `finding` names by its key."""

    finding = forms.CharField(
        max_length=250,
        error_messages={
            "required": "Ce constat n’est plus dans la liste : rien n’a été enregistré.",
            "max_length": "Ce constat n’est plus dans la liste : rien n’a été enregistré.",
        },
    )
    reason = forms.CharField(
        label="Votre réponse",
        max_length=LONGEST_REASON,
        error_messages={
            "required": "Écrivez la raison : elle reste visible, avec votre nom.",
            "max_length": f"C’est trop long : {LONGEST_REASON} caractères au plus.",
            "null_characters_not_allowed": "Le texte contient un caractère invisible : tapez-le de nouveau.",
        },
    )

    def clean_reason(self) -> str:
        """The reason with plain ends of lines, refused when a control character is in it."""
        reason: str = self.cleaned_data["reason"].replace("\r\n", "\n").replace("\r", "\n")
        if any(unicodedata.category(each) in INVISIBLE and each not in "\n\t" for each in reason):
            raise forms.ValidationError("Le texte contient un caractère invisible : tapez-le de nouveau.")
        return reason


class ComplianceFilterForm(forms.Form):
    """Which findings the page shows: one severity, one part; anything else in the address shows them all."""

    hides_optional_marks = True

    gravite = forms.ChoiceField(label="Gravité", required=False)
    partie = forms.ChoiceField(label="Partie du contrat", required=False)

    def __init__(self, data: object, *, parts: list[Part]) -> None:
        super().__init__(data)
        severities = [(each.value, each.label.capitalize()) for each in Severity]
        self.fields["gravite"].choices = [("", "Toutes"), *severities]
        self.fields["partie"].choices = [("", "Toutes"), *((part.code, part.label) for part in parts)]
