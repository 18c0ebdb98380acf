"""The new last day of a campaign (rule C1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from agreements.actions.campaign_ends import require_new_end
from cdppe.lib.errors import RuleViolation
from cdppe.lib.text_forms import TypedTexts
from contracts.forms.contracts import DATE_ERROR, DATE_FORMATS, DateInput
from contracts.models import Campaign


class CampaignEndForm(TypedTexts, forms.Form):
    """The day and the reason; `confirmed` once the list of contracts was read."""

    ends_on = forms.DateField(
        label="Nouveau dernier jour",
        input_formats=DATE_FORMATS,
        widget=DateInput,
        error_messages={"required": "Écrivez le nouveau dernier jour.", "invalid": DATE_ERROR},
    )
    reason = forms.CharField(
        label="Raison",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Les parties de chaque contrat la liront. 500 caractères au plus.",
        error_messages={"required": "Écrivez la raison : les parties la liront."},
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = campaign

    def clean_ends_on(self) -> dt.date:
        """Later than the campaign's last day, and to come."""
        on: dt.date = self.cleaned_data["ends_on"]
        try:
            require_new_end(self.campaign, on)
        except RuleViolation as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return on
