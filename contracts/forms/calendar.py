"""The forms of the calendar: a step, day J, an extension, a feed (rules C2, C3, C4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.formats import date_format

from cdppe.accounts.models import Territory
from cdppe.lib.text_forms import TypedTexts
from contracts.actions.calendar import STEP_FIELDS, STEP_KEYS, TURN_KEYS, TURN_KINDS, step_values
from contracts.forms.contracts import DATE_ERROR, DATE_FORMATS, DateInput
from contracts.forms.opened import BROKEN_PAGE, OpenedForm, VersionField
from contracts.models import Campaign, Contract, ContractStep, Deadline
from contracts.retroplanning import FARTHEST_DAYS, LONGEST_DAYS

YEARS_AROUND = 2
"""Years before and after the contract's period in which a date of its calendar may fall."""
LONGEST_DESCRIPTION = 4_000

TURN_LABEL = "À qui de jouer"


def calendar_bounds(campaign: Campaign) -> tuple[dt.date, dt.date]:
    """The first and last day that a calendar of `campaign` may name."""
    return (
        dt.date(campaign.period_start - YEARS_AROUND, 1, 1),
        dt.date(campaign.period_end + YEARS_AROUND, 12, 31),
    )


class CalendarDateField(forms.DateField):
    """A day within the bounds of a campaign's calendar, typed or picked."""

    widget = DateInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=DATE_FORMATS, **kwargs)
        self.error_messages["invalid"] = DATE_ERROR

    def bound_by(self, campaign: Campaign) -> None:
        """Refuse a day outside the calendar of `campaign`."""
        first, last = calendar_bounds(campaign)
        sentence = f"Écrivez une date entre le {date_format(first)} et le {date_format(last)}."
        self.validators.extend([MinValueValidator(first, sentence), MaxValueValidator(last, sentence)])


class StepForm(OpenedForm, TypedTexts, forms.ModelForm):
    """One step: annexe 3.2's date, annexe 3.3's columns, a box a party whose turn it is.

    `version` is the one that was opened, empty for a step that does not exist yet.
    """

    hides_optional_marks = True

    fixed_on = CalendarDateField(
        label="Date fixée à la main",
        required=False,
        help_text="Elle remplace le calcul et ne bouge plus avec le jour J. Videz-la pour revenir au calcul.",
    )
    done_on = CalendarDateField(
        label="Faite le", required=False, help_text="Laissez vide tant qu’elle est à faire."
    )
    version = VersionField(required=False)

    class Meta:
        model = ContractStep
        fields = [name for name in STEP_FIELDS if name != "parties"]
        widgets = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "days_before": forms.NumberInput(attrs={"min": -FARTHEST_DAYS, "max": FARTHEST_DAYS}),
            "lasting_days": forms.NumberInput(attrs={"min": 1, "max": LONGEST_DAYS}),
        }
        labels = {"days_before": "Nombre de jours avant le jour J", "lasting_days": "Durée, en jours"}
        help_texts = {
            "days_before": "Négatif : après le jour J. Vide : pas de date calculée.",
            "lasting_days": "La longueur de la barre dans le diagramme.",
            "responsible": "La personne ou le service qui mène l’étape.",
            "resources": "Ce qu’il faut : personnes, données, salle, logiciel…",
            "theme": "Le thème du tableau de suivi (annexe 3.3).",
        }
        error_messages = {
            "label": {"required": "Donnez un nom à l’étape."},
            "phase": {"invalid_choice": "Choisissez une phase de la liste."},
        }

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("fixed_on", "done_on"):
            date_field = self.fields[name]
            assert isinstance(date_field, CalendarDateField)
            date_field.bound_by(contract.campaign)
        self.fields["description"].validators.append(MaxLengthValidator(LONGEST_DESCRIPTION))
        _within(self.fields["days_before"], -FARTHEST_DAYS, FARTHEST_DAYS)
        _within(self.fields["lasting_days"], 1, LONGEST_DAYS)
        self.as_stored = step_values(self.instance)
        for key, kind in zip(TURN_KEYS, TURN_KINDS, strict=True):
            self.fields[key] = forms.BooleanField(
                label=str(kind.label), required=False, initial=self.as_stored[key]
            )
        if self.instance.pk:
            self.initial["version"] = self.instance.version
            self.stands_on(f"calendar/{self.instance.pk}")

    def clean_version(self) -> int | None:
        """The version that was opened; a saved step cannot be posted without it."""
        version: int | None = self.cleaned_data["version"]
        if self.instance.pk and version is None:
            raise forms.ValidationError(BROKEN_PAGE)
        return version

    def clean_done_on(self) -> dt.date | None:
        """What is done was done today at the latest."""
        on: dt.date | None = self.cleaned_data["done_on"]
        if on is not None and on > timezone.localdate():
            raise forms.ValidationError(
                "Une étape faite l’est au plus tard aujourd’hui : corrigez la date, ou videz-la."
            )
        return on

    @property
    def fields_to_save(self) -> dict[str, Any]:
        """{field: value} of a valid form, as the actions take it."""
        parties = [party for key, party in TURN_KEYS.items() if self.cleaned_data[key]]
        return {name: parties if name == "parties" else self.cleaned_data[name] for name in STEP_FIELDS}

    @property
    def words(self) -> list[forms.BoundField]:
        """What the step is and who leads it, as the page lays it out."""
        return [self[name] for name in ("label", "description", "phase", "theme", "responsible", "resources")]

    @property
    def turns(self) -> list[forms.BoundField]:
        """The boxes of the parties."""
        return [self[key] for key in TURN_KEYS]

    @property
    def dates(self) -> list[forms.BoundField]:
        """When it is, and when it was done."""
        return [self[name] for name in ("days_before", "fixed_on", "lasting_days", "done_on")]

    def label_of(self, name: str) -> str:
        """The label of a field away from its place: a party's box says what it is for."""
        label = str(self.fields[name].label)
        return f"{TURN_LABEL} : {label}" if name in TURN_KEYS else label

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of every field that is merged."""
        return STEP_KEYS


def _within(field: forms.Field, least: int, most: int) -> None:
    sentence = f"Écrivez un nombre entier de jours, de {least} à {most}."
    field.error_messages.update(dict.fromkeys(("required", "invalid"), sentence))
    field.validators = [MinValueValidator(least, sentence), MaxValueValidator(most, sentence)]


class EffectDateForm(forms.Form):
    """Day J, within the contract's period; `version` is that of the contract's general information."""

    hides_optional_marks = True

    planned_effect_on = CalendarDateField(
        label="Prise d’effet prévue (jour J)",
        required=False,
        help_text="Chaque étape est datée à partir de ce jour, sauf celles dont la date est fixée à la main.",
    )
    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=1,
        error_messages=dict.fromkeys(("required", "invalid", "min_value"), "Rechargez la page."),
    )

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = contract.campaign
        self.initial |= {"planned_effect_on": contract.planned_effect_on, "version": contract.version}

    def clean_planned_effect_on(self) -> dt.date | None:
        """A date of effect outside the contract's period is refused: every step would be dated from it."""
        on: dt.date | None = self.cleaned_data["planned_effect_on"]
        if on is not None and not self.campaign.period_start <= on.year <= self.campaign.period_end:
            raise forms.ValidationError(
                f"La prise d’effet tombe dans la période du contrat, de {self.campaign.period_start} à "
                f"{self.campaign.period_end}."
            )
        return on


class ExtensionForm(forms.Form):
    """A later date for one territory, with its reason; `version` is that of the extension shown, or 0."""

    hides_optional_marks = True

    territory = forms.ModelChoiceField(
        label="Territoire",
        queryset=Territory.objects.none(),
        empty_label="Choisissez un territoire",
        error_messages={
            "required": "Choisissez un territoire.",
            "invalid_choice": "Choisissez un territoire que la campagne concerne.",
        },
    )
    due_on = CalendarDateField(
        label="Nouvelle date", error_messages={"required": "Écrivez la nouvelle date."}
    )
    reason = forms.CharField(
        label="Motif",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Les parties le lisent à côté de la date.",
        error_messages={"required": "Écrivez le motif : les parties le lisent à côté de la date."},
    )
    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=0,
        error_messages=dict.fromkeys(("required", "invalid", "min_value"), "Rechargez la page."),
    )

    def __init__(self, *args: Any, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        territories = self.fields["territory"]
        assert isinstance(territories, forms.ModelChoiceField)
        territories.queryset = deadline.campaign.territories.order_by("code")
        due_on = self.fields["due_on"]
        assert isinstance(due_on, CalendarDateField)
        due_on.bound_by(deadline.campaign)
        self.initial.setdefault("version", 0)


class FeedForm(forms.Form):
    """Which feed to open: of one contract or (empty) of all, with what concerns the person or everything."""

    contract = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    only_mine = forms.BooleanField(label="Seulement ce qui m’incombe", required=False)
