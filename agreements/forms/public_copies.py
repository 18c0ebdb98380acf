"""The forms of the public version: confirm that it goes online, search among those that are (K6, N2)."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from cdppe.accounts.models import Territory
from contracts.models import Campaign


class PublishForm(forms.Form):
    """That somebody has read the very document that goes online: the page carries its SHA-256."""

    sha256 = forms.RegexField(
        label="Document relu",
        regex=r"\A[0-9a-f]{64}\Z",
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("required", "invalid"),
            "Cette page ne dit plus quel document vous avez lu : rechargez-la, puis confirmez.",
        ),
    )
    is_read = forms.BooleanField(
        label="J’ai relu ce texte : il peut être lu par tout le monde",
        help_text="Un nom que personne n’a déclaré et qu’aucun titre n’annonce n’est pas retiré tout seul.",
        error_messages={"required": "Relisez le texte, puis cochez cette case pour le mettre en ligne."},
    )


class PublicSearchForm(forms.Form):
    """Which published contracts to list; every field is optional."""

    hides_optional_marks = True

    q = forms.CharField(
        label="Rechercher",
        required=False,
        max_length=80,
        help_text="Territoire, région, collectivité ou référence.",
        error_messages={"max_length": "80 caractères au plus."},
    )
    territoire = forms.ModelChoiceField(
        label="Territoire", queryset=Territory.objects.none(), to_field_name="code", required=False
    )
    campagne = forms.ModelChoiceField(
        label="Campagne", queryset=Campaign.objects.none(), to_field_name="code", required=False
    )

    def __init__(self, *args: Any, territories: Any, campaigns: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows, empty in (("territoire", territories, "Tous"), ("campagne", campaigns, "Toutes")):
            field = cast(forms.ModelChoiceField, self.fields[name])
            field.queryset, field.empty_label = rows, empty
            field.error_messages["invalid_choice"] = "Ce choix n’est pas dans la liste."
