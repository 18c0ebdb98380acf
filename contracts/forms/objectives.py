"""The forms by which a territory chooses its objectives (rules O2, O4)."""

from __future__ import annotations

from typing import Any

from django import forms

from contracts.models import Contract, Objective


class AddObjectiveForm(forms.Form):
    """One optional objective of the contract's campaign, from the list of the page."""

    objective = forms.ModelChoiceField(
        queryset=Objective.objects.none(),
        error_messages={
            "required": "Choisissez un objectif facultatif de la liste.",
            "invalid_choice": "Cet objectif n’est pas au catalogue facultatif de la campagne de ce contrat.",
        },
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["objective"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = contract.campaign.objectives.optional()


class OwnObjectiveForm(forms.Form):
    """The title of the territory's own objective."""

    title = forms.CharField(
        label="Intitulé de l’objectif propre",
        max_length=500,
        error_messages={"required": "Donnez un intitulé à l’objectif."},
    )
