"""The form of an action sheet (annexe 5.4; rule A1). Its money is a grid of its own, in funding."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import MaxLengthValidator

from cdppe.lib.rich_text_widget import RichTextarea
from cdppe.lib.text_forms import TypedTexts
from contracts.actions.action_sheets import SHEET_FIELDS, sheet_place
from contracts.forms.opened import BROKEN_PAGE, OpenedForm, VersionField
from contracts.models import ActionSheet, Contract, ContractObjective

LONGEST_TEXT = 20_000
"""Characters of one text of a sheet: some eight printed pages, more than any sheet needs."""

TEXT_ROWS = {
    "diagnosis": 5,
    "operational_objective": 4,
    "description": 8,
    "public": 2,
    "actors": 4,
    "calendar": 4,
    "implementation_indicators": 4,
    "vigilance_points": 3,
}

HINTS = {
    "referent": "La personne ou l’institution qui conduit l’action.",
    "diagnosis": "Ce que le diagnostic partagé a montré et à quoi l’action répond.",
    "public": "Qui l’action touche, et combien de personnes si vous le savez.",
    "actors": "Qui fait quoi : services, associations, partenaires.",
    "calendar": "Les étapes et leurs dates.",
    "implementation_indicators": "Au moins un indicateur qui dira si l’action se met en place.",
}


class ContractObjectiveChoice(forms.ModelChoiceField):
    """The objectives of the contract, by number and title, in the catalogue's order."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label)


class ActionSheetForm(OpenedForm, TypedTexts, forms.ModelForm):
    """The texts of one sheet and the objective it serves; `version` is the one that was opened.

    `fields_to_save` is what `create_action_sheet` and `save_action_sheet` take.
    """

    # The page says it once, with what a complete sheet holds.
    hides_optional_marks = True

    contract_objective = ContractObjectiveChoice(
        label="Objectif du contrat",
        queryset=ContractObjective.objects.none(),
        empty_label="Choisissez un objectif",
        help_text="Les objectifs que porte le contrat.",
        error_messages={
            "required": "Choisissez l’objectif du contrat que l’action sert.",
            "invalid_choice": (
                "Cet objectif n’est pas dans le contrat : choisissez un objectif de la liste, "
                "ou ajoutez-le d’abord au contrat."
            ),
        },
    )
    version = VersionField(required=False)
    creation_token = forms.UUIDField(
        widget=forms.HiddenInput, required=False, error_messages={"invalid": BROKEN_PAGE}
    )
    """Of a new sheet's page: sent again, it makes no second sheet."""

    class Meta:
        model = ActionSheet
        fields = SHEET_FIELDS
        widgets = {name: RichTextarea(attrs={"rows": rows}) for name, rows in TEXT_ROWS.items()}
        help_texts = HINTS
        error_messages = {"title": {"required": "Donnez un intitulé à l’action."}}

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        objectives = self.fields["contract_objective"]
        assert isinstance(objectives, forms.ModelChoiceField)
        objectives.queryset = contract.objectives.in_order()
        if self.instance.pk:
            self.initial["version"] = self.instance.version
            self.stands_on(sheet_place(self.instance))
        else:
            self.initial["creation_token"] = uuid4()
        for name in TEXT_ROWS:
            self.fields[name].validators.append(MaxLengthValidator(LONGEST_TEXT))

    def clean_version(self) -> int | None:
        """The version that was opened; a saved sheet cannot be posted without it."""
        version: int | None = self.cleaned_data["version"]
        if self.instance.pk and version is None:
            raise forms.ValidationError("Rechargez la page : le numéro de version de la fiche manque.")
        return version

    @property
    def fields_to_save(self) -> dict[str, Any]:
        """{field: value} of a valid form, as the actions take it."""
        return {name: self.cleaned_data[name] for name in SHEET_FIELDS}
