"""The filter of the list of action sheets, and the gestures on one sheet that carry a value."""

from __future__ import annotations

from typing import Any

from django import forms

from contracts.filters import FilterForm, plain
from contracts.forms.action_sheets import ContractObjectiveChoice
from contracts.models import ActionSheet, Contract, ContractObjective

COMPLETE, INCOMPLETE, ARCHIVED = "complete", "incomplete", "archivee"


class SheetFilterForm(FilterForm):
    """Objective, state, and words of the title or the referent; other values filter nothing."""

    objectif = ContractObjectiveChoice(
        label="Objectif",
        queryset=ContractObjective.objects.none(),
        required=False,
        empty_label="Tous",
        error_messages={"invalid_choice": "Cet objectif n’est pas dans le contrat : choisissez-en un autre."},
    )
    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[
            ("", "Toutes"),
            (COMPLETE, "Complètes"),
            (INCOMPLETE, "À compléter"),
            (ARCHIVED, "Archivées"),
        ],
        error_messages={"invalid_choice": "Choisissez un état de la liste."},
    )
    texte = forms.CharField(label="Intitulé, référent ou numéro", required=False, max_length=80)

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["objectif"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = contract.objectives.in_order()

    def _value(self, name: str) -> Any:
        return self.cleaned_data.get(name) if self.is_valid() or hasattr(self, "cleaned_data") else None

    @property
    def state(self) -> str:
        return self._value("etat") or ""

    @property
    def objective(self) -> ContractObjective | None:
        chosen: ContractObjective | None = self._value("objectif")
        return chosen

    @property
    def words(self) -> str:
        return self._value("texte") or ""

    @property
    def is_filtering(self) -> bool:
        return bool(self.state or self.objective or self.words)

    @property
    def hides_neighbours(self) -> bool:
        """Sheets of the same objective may be hidden: moving one up would jump over them unseen."""
        return bool(self.state or self.words)

    def keeps(self, sheet: ActionSheet, *, is_complete: bool) -> bool:
        """Whether the list shows `sheet` (read with its number, title and referent)."""
        if self.objective is not None and sheet.contract_objective_id != self.objective.pk:
            return False
        if self.state == COMPLETE and not is_complete:
            return False
        if self.state == INCOMPLETE and (is_complete or sheet.is_archived):
            return False
        if (self.state == ARCHIVED) != sheet.is_archived and self.state:
            return False
        wanted = plain(self.words)
        return (
            not wanted
            or wanted in plain(f"{sheet.title} {sheet.referent}")
            or wanted.removeprefix("n° ") == str(sheet.number)
        )


class SheetMoveForm(forms.Form):
    """One step up or down (`sens`), or the place before another sheet (`avant`: its primary key, or last)."""

    LAST = "fin"

    sens = forms.ChoiceField(required=False, choices=[("haut", "Monter"), ("bas", "Descendre")])
    avant = forms.RegexField(required=False, regex=r"^(fin|[0-9]{1,18})$")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if bool(typed.get("sens")) == bool(typed.get("avant")):
            raise forms.ValidationError("Choisissez « Monter », « Descendre » ou une place dans la liste.")
        return typed

    @property
    def before(self) -> int | None:
        """The primary key of the sheet before which to stand, None for the last place."""
        typed = self.cleaned_data["avant"]
        return None if typed == self.LAST else int(typed)


class DemandedSheetForm(forms.Form):
    """A sheet already written, of the demand's objective, that answers it."""

    sheet = forms.ModelChoiceField(
        label="Fiche déjà écrite",
        queryset=ActionSheet.objects.none(),
        empty_label="Choisissez une fiche",
        error_messages={
            "required": "Choisissez la fiche qui répond à la demande.",
            "invalid_choice": (
                "Cette fiche n’est pas, ou plus, une fiche de cet objectif : choisissez-en une autre."
            ),
        },
    )

    def __init__(self, *args: Any, objective: ContractObjective, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["sheet"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = objective.action_sheets.in_plan().filter(answers_demand="").order_by("position")
