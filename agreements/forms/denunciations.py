"""The letters by which a party denounces the contract: a date and a reference for each other party (D1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms

from agreements.actions.denunciations import Letter
from agreements.endings import refusal_of_letters
from cdppe.lib.text_forms import TypedTexts
from contracts.forms.dates import PassedDateField
from contracts.models import ContractParty


class LettersForm(TypedTexts, forms.Form):
    """One pair of boxes for each addressee; `confirmed` once the consequences were read."""

    hides_optional_marks = True

    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, addressees: Sequence[ContractParty], in_effect_from: dt.date | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.addressees, self.in_effect_from = addressees, in_effect_from
        for party in addressees:
            name = party.signatory
            self.fields[f"letter_{party.pk}_sent_on"] = PassedDateField(
                label=f"Lettre à {name} : envoyée le",
                help_text="La date du dépôt de l’envoi recommandé.",
                error_messages={"required": f"Écrivez la date de la lettre envoyée à {name}."},
            )
            self.fields[f"letter_{party.pk}_reference"] = forms.CharField(
                label=f"Lettre à {name} : numéro de l’envoi recommandé",
                max_length=60,
                help_text="Celui de l’avis de réception, 60 caractères au plus.",
                error_messages={"required": f"Écrivez le numéro de l’envoi recommandé à {name}."},
            )

    def clean(self) -> dict[str, Any]:
        """Letters of one year, sent once the contract was in effect."""
        values = super().clean()
        sent = [value for name, value in values.items() if name.endswith("_sent_on") and value is not None]
        if len(sent) == len(self.addressees):
            refusal = refusal_of_letters(sent, in_effect_from=self.in_effect_from)
            if refusal:
                self.add_error(None, refusal)
        return values

    @property
    def letters(self) -> dict[int, Letter]:
        """{primary key of a party: the letter that it was sent}, of a valid form."""
        return {
            party.pk: Letter(
                self.cleaned_data[f"letter_{party.pk}_sent_on"],
                self.cleaned_data[f"letter_{party.pk}_reference"],
            )
            for party in self.addressees
        }
