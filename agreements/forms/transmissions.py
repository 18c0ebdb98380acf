"""The forms of transmissions: sending, DGCS's remarks, the filter of its list (rules C2, K5, O7)."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from agreements.actions.transmissions import LONGEST_MESSAGE, LONGEST_REMARK
from agreements.models import RemarkKind
from agreements.transmissions import asks_for_sending
from cdppe.accounts.models import Region, Territory
from cdppe.lib.cleaned_text import cleaned
from contracts.filters import FilterForm
from contracts.models import Campaign

RELOAD = "Rechargez la page, puis envoyez de nouveau."
WAITING, RECEIVED, ASKED = "a-accuser", "accusees", "questions"
BY_DEADLINE, BY_TERRITORY, BY_DATE = "echeance", "territoire", "date"


class TokenForm(forms.Form):
    """A form that is sent once: its token goes with it."""

    hides_optional_marks = True

    token = forms.UUIDField(
        label="Page", widget=forms.HiddenInput, error_messages={"required": RELOAD, "invalid": RELOAD}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("token", uuid.uuid4())

    def renew(self) -> None:
        """Give the bound form, shown again because its token is none, one that serves."""
        if "token" in self.errors:
            self.data = self.data.copy()
            self.data[self.add_prefix("token")] = str(uuid.uuid4())


class SendForm(TokenForm):
    """What is said to DGCS with the sending."""

    message = forms.CharField(
        label="Message à la DGCS (facultatif)",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Par exemple ce qui manque encore, et pour quand.",
        validators=[MaxLengthValidator(LONGEST_MESSAGE)],
    )


class RemarkForm(TokenForm):
    """A technical advice, or a note for the file."""

    text = forms.CharField(
        label="Texte",
        widget=forms.Textarea(attrs={"rows": 5}),
        validators=[MaxLengthValidator(LONGEST_REMARK)],
        error_messages={"required": "Écrivez un texte."},
    )

    def __init__(self, *args: Any, kind: RemarkKind, **kwargs: Any) -> None:
        super().__init__(*args, prefix=kind.value, **kwargs)
        self.fields["text"].label = kind.label

    def clean_text(self) -> str:
        """The text as it will be stored; one of invisible characters alone says nothing."""
        text = cleaned(self.cleaned_data["text"])
        if not text:
            raise forms.ValidationError("Écrivez un texte.")
        return text


class ReceivedFilterForm(FilterForm):
    """Which transmissions to list and in which order; a value that is none filters nothing."""

    campagne = forms.ChoiceField(label="Campagne", required=False)
    echeance = forms.ChoiceField(label="Échéance", required=False)
    region = forms.ChoiceField(label="Région", required=False)
    territoire = forms.ChoiceField(label="Territoire", required=False)
    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[
            ("", "Toutes"),
            (WAITING, "Réception à accuser"),
            (RECEIVED, "Réception accusée"),
            (ASKED, "Avec des questions ouvertes"),
        ],
    )
    tri = forms.ChoiceField(
        label="Ordre",
        required=False,
        choices=[
            (BY_DATE, "Les dernières d’abord"),
            (BY_DEADLINE, "Par échéance"),
            (BY_TERRITORY, "Par territoire"),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaigns = list(Campaign.objects.prefetch_related("deadlines"))
        deadlines = [
            (str(each.pk), f"{campaign.year} – {each.label}")
            for campaign in campaigns
            for each in campaign.deadlines.all()
            if asks_for_sending(each)
        ]
        territories = [
            (code, f"{name} ({code})")
            for code, name in Territory.objects.order_by("name", "code").values_list("code", "name")
        ]
        for name, nothing, choices in (
            ("campagne", "Toutes", [(each.code, f"Campagne {each.year}") for each in campaigns]),
            ("echeance", "Toutes", deadlines),
            ("region", "Toutes", list(Region.objects.order_by("name").values_list("code", "name"))),
            ("territoire", "Tous", territories),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", nothing), *choices]

    def asked(self, name: str) -> str:
        """What was asked in the field `name`; nothing when it is no choice of it."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")
