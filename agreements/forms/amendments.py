"""The forms of an amendment, one a gesture; the day at which one reads the contract (rules V1, V2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from agreements.actions.amendments import LONGEST_ABANDON, LONGEST_OBJECT, LONGEST_REASON
from cdppe.lib.text_forms import TypedTexts
from contracts.forms.contracts import DATE_ERROR, DATE_FORMATS, DateInput
from contracts.models import Amendment, Contract


class OpenAmendmentForm(TypedTexts, forms.Form):
    """What an amendment is about and why it is opened."""

    about = forms.CharField(
        label="Objet de l’avenant",
        max_length=LONGEST_OBJECT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Ce que l’avenant change, en une phrase : elle sera l’article 1 de son texte.",
        error_messages={"required": "Écrivez l’objet de l’avenant."},
    )
    reason = forms.CharField(
        label="Motif",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Pourquoi le contrat change : crédits votés, action nouvelle, bilan de l’année…",
        error_messages={"required": "Écrivez le motif de l’avenant."},
    )


class AmendmentForm(OpenAmendmentForm):
    """What an amendment says itself, with its dates."""

    hides_optional_marks = True

    planned_effect_on = forms.DateField(
        label="Prise d’effet prévue",
        required=False,
        input_formats=DATE_FORMATS,
        widget=DateInput,
        help_text="Laissez vide si l’avenant prend effet à la dernière signature.",
        error_messages={"invalid": DATE_ERROR},
    )
    new_ends_on = forms.DateField(
        label="Nouvelle fin du contrat",
        required=False,
        input_formats=DATE_FORMATS,
        widget=DateInput,
        error_messages={"invalid": DATE_ERROR},
    )

    def __init__(self, *args: Any, amendment: Amendment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "new_ends_on"
        ].help_text = f"Laissez vide si le contrat finit toujours le {amendment.contract.ends_on:%d/%m/%Y}."
        for field, name in (
            ("about", "object"),
            ("reason", "reason"),
            ("planned_effect_on", "planned_effect_on"),
            ("new_ends_on", "new_ends_on"),
        ):
            self.fields[field].initial = getattr(amendment, name)


class AbandonForm(TypedTexts, forms.Form):
    """Why an amendment is given up."""

    reason = forms.CharField(
        label="Raison de l’abandon",
        max_length=LONGEST_ABANDON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Les autres parties la liront. {LONGEST_ABANDON} caractères au plus.",
        error_messages={"required": "Écrivez la raison : les autres parties la liront."},
    )


class DayForm(forms.Form):
    """The day at which the contract is read."""

    le = forms.DateField(
        label="Le contrat tel qu’il était, ou sera, le",
        input_formats=DATE_FORMATS,
        widget=DateInput,
        error_messages={"invalid": DATE_ERROR, "required": "Écrivez une date."},
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.since = contract.effect_on

    def clean_le(self) -> dt.date:
        """Not before the contract took effect."""
        on: dt.date = self.cleaned_data["le"]
        if self.since is not None and on < self.since:
            raise forms.ValidationError(
                f"Le contrat est en vigueur depuis le {self.since:%d/%m/%Y} : choisissez une date à partir "
                "de ce jour."
            )
        return on
