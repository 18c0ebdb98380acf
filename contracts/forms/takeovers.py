"""The form that ends a takeover: when the contract was signed, and its signed file."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from cdppe.lib.errors import RuleViolation
from contracts.actions.takeovers import MAX_BYTES, check_signed_file
from contracts.forms.contracts import DATE_ERROR, DATE_FORMATS, DateInput

OLDEST = dt.timedelta(days=20 * 366)
"""A contract signed before is a date mistyped."""


class TakeoverForm(forms.Form):
    """The date that the paper bears, and its PDF."""

    signed_on = forms.DateField(
        label="Date de signature",
        widget=DateInput(),
        input_formats=DATE_FORMATS,
        help_text="Celle que porte le contrat ; la dernière s’il y en a plusieurs.",
        error_messages={"required": "Écrivez la date de signature.", "invalid": DATE_ERROR},
    )
    signed_file = forms.FileField(
        label="Contrat signé",
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        help_text="Un PDF, 20 Mo au plus, avec ses annexes si vous les avez.",
        error_messages={
            "required": "Choisissez le PDF du contrat signé.",
            "empty": "Ce fichier est vide : choisissez le PDF du contrat signé.",
            "invalid": "Le fichier n’est pas arrivé : choisissez-le de nouveau.",
        },
    )

    def clean_signed_on(self) -> dt.date:
        """A date that has passed, not too long ago."""
        on: dt.date = self.cleaned_data["signed_on"]
        today = timezone.localdate()
        if not today - OLDEST <= on <= today:
            raise forms.ValidationError("Écrivez la date de signature du contrat : elle est déjà passée.")
        return on

    def clean_signed_file(self) -> UploadedFile:
        """A whole PDF; `content` holds its bytes."""
        file: UploadedFile = self.cleaned_data["signed_file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(
                "Ce fichier dépasse 20 Mo : numérisez-le dans une définition plus faible."
            )
        self.content = file.read()
        try:
            check_signed_file(self.content)
        except RuleViolation as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return file
