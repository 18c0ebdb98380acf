"""Forms of the moves of credits: one a gesture, each with its own fields only (rule M7)."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from cdppe.lib.money import AmountError, read_amount
from cdppe.lib.text_forms import TypedTexts
from contracts.forms.dates import PassedDateField
from contracts.models import ActionSheet, Contract
from funding.models import Envelope
from funding.moves import sheets_of_text

LONGEST_REASON = 500
RELOAD = "Cette page n’est plus à jour : rechargez-la, puis recommencez."


class SheetField(forms.ModelChoiceField):
    """An action of the text in force, by its number and title."""

    def label_from_instance(self, sheet: ActionSheet) -> str:
        """« Fiche n° 3 – Ouvrir un relais »."""
        return f"Fiche n° {sheet.number} – {sheet.title}"


class InformationForm(TypedTexts, forms.Form):
    """When the credits move, who was informed before, and why."""

    decided_on = PassedDateField(
        label="Date du mouvement", error_messages={"required": "Écrivez la date du mouvement."}
    )
    informed_who = forms.CharField(
        label="Personne ou service informé",
        max_length=200,
        help_text="À la préfecture si le préfet ordonnance l’enveloppe, à l’ARS si c’est elle.",
        error_messages={"required": "Écrivez qui a été informé."},
    )
    informed_on = PassedDateField(
        label="Informé le",
        help_text="Le jour du mouvement ou avant : l’information est préalable.",
        error_messages={"required": "Écrivez la date de l’information."},
    )
    reason = forms.CharField(
        label="Raison",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"{LONGEST_REASON} caractères au plus ; elle est reprise dans le rapport d’exécution.",
        error_messages={"required": "Écrivez la raison du mouvement."},
    )

    def clean(self) -> dict[str, Any]:
        """The information comes before the move."""
        values = super().clean()
        on, decided = values.get("informed_on"), values.get("decided_on")
        if on is not None and decided is not None and on > decided:
            self.add_error(
                "informed_on",
                "L’information est préalable : elle précède le mouvement, ou date du même jour.",
            )
        return values


class MoveForm(InformationForm):
    """How much goes from which action to which, of which envelope and year."""

    field_order = ["year", "envelope", "from_sheet", "to_sheet", "amount"]

    token = forms.UUIDField(
        widget=forms.HiddenInput,
        initial=uuid.uuid4,
        error_messages={"required": RELOAD, "invalid": RELOAD},
    )
    year = forms.TypedChoiceField(
        label="Année",
        coerce=int,
        error_messages={
            "required": "Choisissez une année du contrat.",
            "invalid_choice": "Choisissez une année du contrat.",
        },
    )
    envelope = forms.ModelChoiceField(
        label="Enveloppe",
        queryset=Envelope.objects.none(),
        empty_label="Choisissez une enveloppe",
        help_text="Les crédits restent dans la même enveloppe.",
        error_messages={
            "required": "Choisissez une enveloppe.",
            "invalid_choice": "Choisissez une enveloppe de la liste.",
        },
    )
    from_sheet = SheetField(
        label="Action d’où partent les crédits",
        queryset=ActionSheet.objects.none(),
        empty_label="Choisissez une action",
        error_messages={
            "required": "Choisissez l’action d’où partent les crédits.",
            "invalid_choice": "Choisissez une action du texte en vigueur.",
        },
    )
    to_sheet = SheetField(
        label="Action qui les reçoit",
        queryset=ActionSheet.objects.none(),
        empty_label="Choisissez une action",
        help_text="Une action nouvelle demande un avenant.",
        error_messages={
            "required": "Choisissez l’action qui reçoit les crédits.",
            "invalid_choice": "Choisissez une action du texte en vigueur.",
        },
    )
    amount = forms.CharField(
        label="Montant en euros",
        max_length=40,
        help_text="Par exemple 1 234,56.",
        error_messages={"required": "Écrivez le montant."},
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].choices = [(year, str(year)) for year in contract.years]
        self.fields["year"].initial = timezone.localdate().year
        self.fields["envelope"].queryset = contract.campaign.envelopes.all()
        sheets = contract.action_sheets.filter(pk__in=[each.pk for each in sheets_of_text(contract)])
        for name in ("from_sheet", "to_sheet"):
            self.fields[name].queryset = sheets.order_by("number")

    def clean_amount(self) -> Decimal:
        """The amount, in euros."""
        try:
            amount = read_amount(self.cleaned_data["amount"])
        except AmountError as error:
            raise forms.ValidationError(str(error)) from error
        if not amount:
            raise forms.ValidationError("Écrivez un montant plus grand que zéro.")
        return amount

    def clean(self) -> dict[str, Any]:
        """Two actions."""
        values = super().clean()
        if values.get("from_sheet") is not None and values.get("from_sheet") == values.get("to_sheet"):
            self.add_error("to_sheet", "Choisissez deux actions différentes.")
        return values
