"""The form of a contract's own indicator (rule I1); the boxes of values are drawn by hand (`grid`)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from dsfr.forms import DsfrBaseForm

from indicators.actions.local_indicators import LOCAL_FIELDS
from indicators.dashboard import TYPED_KINDS
from indicators.models import Indicator, IndicatorKind

LONGEST_NOTE = 2_000


class LocalIndicatorForm(forms.ModelForm, DsfrBaseForm):
    """What a person writes of a local indicator; `fields_to_save` is what the actions take."""

    kind = forms.ChoiceField(
        label="Nature",
        choices=[(kind, IndicatorKind(kind).label) for kind in IndicatorKind.values if kind in TYPED_KINDS],
        help_text="Une part ne se saisit pas : elle se calcule.",
        error_messages={"invalid_choice": "Choisissez « Nombre » ou « Délai » : une part se calcule."},
    )
    note = forms.CharField(
        label="Précisions",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[
            MaxLengthValidator(
                LONGEST_NOTE, f"Les précisions sont trop longues : {LONGEST_NOTE} caractères au plus."
            )
        ],
        help_text="Définition, champ, mode de calcul.",
    )

    class Meta:
        model = Indicator
        fields = list(LOCAL_FIELDS)
        labels = {"has_target": "Une cible est fixée pour chaque année"}
        help_texts = {
            "label": "Ce qui est compté, par exemple « Nombre de familles accompagnées ».",
            "unit": "Par exemple : nombre, places, jours.",
            "source": "Qui produit le chiffre, par exemple DREES / CD.",
        }
        error_messages = {
            "label": {
                "required": "Donnez un intitulé à l’indicateur.",
                "max_length": "L’intitulé est trop long : 500 caractères au plus.",
            },
            "unit": {
                "required": "Donnez l’unité dans laquelle l’indicateur est compté.",
                "max_length": "L’unité est trop longue : 40 caractères au plus.",
            },
            "source": {"max_length": "La source est trop longue : 120 caractères au plus."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].required = True

    @property
    def fields_to_save(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in LOCAL_FIELDS}
