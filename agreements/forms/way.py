"""The forms of the way to signature: one a gesture, each with its own fields only (rules K3, K4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from agreements.actions.steps import LONGEST_REASON
from cdppe.lib.text_forms import TypedTexts
from contracts.forms.dates import PassedDateField
from contracts.models import Way

READ_AGAIN = "Cette page ne dit plus quel texte vous avez lu : rechargez-la, relisez le texte, recommencez."


class OdpeForm(TypedTexts, forms.Form):
    """When the ODPE was informed of the text, or why it was not."""

    hides_optional_marks = True

    informed_on = PassedDateField(
        label="Date de l’information de l’ODPE",
        required=False,
        help_text="Celle de la réunion, ou de l’envoi du texte à l’observatoire.",
    )
    no_information_reason = forms.CharField(
        label="Sinon, raison de l’absence d’information",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Par exemple : l’observatoire n’est pas encore installé. 500 caractères au plus.",
    )

    def __init__(self, *args: Any, way: Way, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["informed_on"].initial = way.odpe_informed_on
        self.fields["no_information_reason"].initial = way.odpe_no_information_reason

    def clean(self) -> dict[str, Any]:
        """One of the two, not both."""
        values = super().clean()
        on, reason = values.get("informed_on"), values.get("no_information_reason")
        if "informed_on" not in self.errors and not on and not reason:
            self.add_error(
                "informed_on", "Écrivez la date de l’information de l’ODPE, ou la raison ci-dessous."
            )
        if on and reason:
            self.add_error(
                "no_information_reason",
                "Une date est donnée : effacez la raison, ou effacez la date si l’ODPE n’a pas été informé.",
            )
        return values


class AssemblyForm(TypedTexts, forms.Form):
    """The deliberation by which the assembly authorises the signature."""

    number = forms.CharField(
        label="Numéro de la délibération",
        max_length=60,
        help_text="Celui que l’assemblée départementale a donné.",
        error_messages={"required": "Écrivez le numéro de la délibération."},
    )
    deliberated_on = PassedDateField(
        label="Date de la délibération",
        help_text="Après l’information de l’ODPE.",
        error_messages={"required": "Écrivez la date de la délibération."},
    )

    def __init__(self, *args: Any, way: Way, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.informed_on = way.odpe_informed_on
        self.fields["number"].initial = way.deliberation_number
        self.fields["deliberated_on"].initial = way.deliberation_on

    def clean_deliberated_on(self) -> dt.date:
        """Not before the ODPE was informed."""
        on: dt.date = self.cleaned_data["deliberated_on"]
        if self.informed_on is not None and on < self.informed_on:
            raise forms.ValidationError(
                f"L’ODPE a été informé le {self.informed_on:%d/%m/%Y} : l’assemblée délibère après lui."
            )
        return on


class ReasonForm(TypedTexts, forms.Form):
    """Why a gesture is taken back, for the other parties to read."""

    reason = forms.CharField(
        label="Raison",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Les autres parties la liront. {LONGEST_REASON} caractères au plus.",
        error_messages={"required": "Écrivez la raison : les autres parties la liront."},
    )


class AgreementForm(forms.Form):
    """Which exact text the person read: the page carries its name and its hash, nothing is typed."""

    version_uid = forms.UUIDField(
        label="Texte lu",
        widget=forms.HiddenInput,
        error_messages={"required": READ_AGAIN, "invalid": READ_AGAIN},
    )
    version_hash = forms.RegexField(
        label="Empreinte du texte lu",
        regex=r"\A[0-9a-f]{64}\Z",
        widget=forms.HiddenInput,
        error_messages={"required": READ_AGAIN, "invalid": READ_AGAIN},
    )


class SignatureForm(forms.Form):
    """On which day a party signed the paper."""

    signed_on = PassedDateField(
        label="Signature manuscrite constatée le",
        help_text="La date que porte la signature sur le papier.",
        error_messages={"required": "Écrivez la date de la signature."},
    )
