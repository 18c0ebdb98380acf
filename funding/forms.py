"""Forms of the funding app."""

from __future__ import annotations

from django import forms

MOST_REASON = 2000


class PublicationForm(forms.Form):
    """The reason of a publication: mandatory when it replaces what is notified (rule F8)."""

    reason = forms.CharField(
        label="Motif de la nouvelle publication",
        help_text="Il reste dans l’historique, à côté des montants remplacés.",
        max_length=MOST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Indiquez pourquoi les montants déjà notifiés sont remplacés."},
    )
