"""Forms of the funding app."""

from __future__ import annotations

from typing import Any

from django import forms

from contracts.forms.opened import OpenedForm, VersionField
from contracts.models import Contract

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


class MeansPageForm(OpenedForm, forms.Form):
    """What the page of the department's own means says of itself: whose means, opened with which amounts.

    `version` tells the script that what it kept can be merged box by box; each box is its own version.
    """

    version = VersionField(required=False)

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = 1
        self.stands_on(f"financing/{contract.pk}")
