"""The forms of exchanges: a message, a new thread, the filter of the list (rule P3)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from cdppe.lib.cleaned_text import cleaned
from contracts.actions.exchanges import LONGEST_MESSAGE
from contracts.filters import FilterForm
from contracts.models import ThreadState
from contracts.people import Present
from contracts.places import Place, read_place
from contracts.workspace import parts

RELOAD = "Rechargez la page, puis envoyez de nouveau votre message."
WAITING, MINE, MENTIONED = "attend", "moi", "mention"
ALL = "tous"


class MessageForm(forms.Form):
    """A message, and perhaps a person to mention besides those that it names by an « @ »."""

    text = forms.CharField(
        label="Votre message",
        widget=forms.Textarea(attrs={"rows": 5, "data-mentions": "id_mentioned"}),
        help_text="Pour prévenir quelqu’un, écrivez @ puis son nom, ou choisissez la personne ci-dessous.",
        validators=[MaxLengthValidator(LONGEST_MESSAGE)],
        error_messages={"required": "Écrivez votre message."},
    )
    mentioned = forms.TypedChoiceField(
        label="Prévenir une personne",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={
            "invalid_choice": (
                "La personne choisie ne suit pas ce contrat : elle ne verrait pas l’échange. "
                "Choisissez quelqu’un de la liste."
            )
        },
    )
    token = forms.UUIDField(
        label="Page",
        widget=forms.HiddenInput,
        error_messages={"required": RELOAD, "invalid": RELOAD},
    )

    def __init__(self, *args: Any, present: Sequence[Present], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("token", uuid.uuid4())
        mentioned = self.fields["mentioned"]
        assert isinstance(mentioned, forms.TypedChoiceField)
        mentioned.choices = [("", "Personne en particulier"), *_by_institution(present)]

    def clean_text(self) -> str:
        """The message as it will be stored; one of invisible characters alone says nothing."""
        text = cleaned(self.cleaned_data["text"])
        if not text:
            raise forms.ValidationError("Écrivez votre message.")
        return text

    @property
    def people(self) -> list[int]:
        """The person chosen in the list, if any, of a valid form."""
        return [pk for pk in [self.cleaned_data["mentioned"]] if pk is not None]

    def renew(self) -> None:
        """Give the bound form, shown again because its token is none, one that serves."""
        if "token" in self.errors:
            self.data = self.data.copy()
            self.data[self.add_prefix("token")] = str(uuid.uuid4())


def _by_institution(present: Sequence[Present]) -> list[tuple[str, list[tuple[int, str]]]]:
    """The people as a list of choices: [(institution, [(primary key, name)])]."""
    names = [str(each.person) for each in present]
    groups: dict[str, list[tuple[int, str]]] = {}
    for each in present:
        name = str(each.person)
        # Two people of one name are told apart by their addresses.
        label = name if names.count(name) == 1 else f"{name} – {each.person.email}"
        groups.setdefault(each.institution.name, []).append((each.person.pk, label))
    return list(groups.items())


class NewThreadForm(MessageForm):
    """A message at a place: the one of the page that the person comes from, else a part of their choice."""

    place = forms.CharField(label="Partie du contrat", max_length=120)

    def __init__(self, *args: Any, place: Place | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if place is not None:
            self.fields["place"].widget = forms.HiddenInput()
            self.initial["place"] = str(place)
        else:
            choices = [(part.code, part.label) for part in parts()]
            self.fields["place"].widget = forms.Select(choices=choices)
        self.order_fields(["place"])

    def clean_place(self) -> Place:
        """The place that the text names."""
        try:
            return read_place(self.cleaned_data["place"])
        except ValueError as error:
            raise forms.ValidationError(
                "Cet endroit n’existe pas : ouvrez l’échange depuis la page concernée du contrat."
            ) from error


class ThreadFilterForm(FilterForm):
    """Which threads of a contract to list; a value that is none filters nothing."""

    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[(ThreadState.OPEN, "Ouverts"), (ThreadState.SETTLED, "Réglés"), (ALL, "Tous")],
    )
    qui = forms.ChoiceField(
        label="Pour qui",
        required=False,
        choices=[
            ("", "Tout le monde"),
            (WAITING, "Ceux où l’on m’attend"),
            (MENTIONED, "Ceux où l’on me mentionne"),
            (MINE, "Ceux où j’ai écrit"),
        ],
    )
    partie = forms.ChoiceField(label="Partie du contrat", required=False)
    q = forms.CharField(label="Texte", required=False, max_length=80)
    ministere = forms.BooleanField(label="Questions de la DGCS seulement", required=False)
    lieu = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        part = self.fields["partie"]
        assert isinstance(part, forms.ChoiceField)
        part.choices = [("", "Toutes"), *((each.code, each.label) for each in parts())]

    def asked(self, name: str) -> Any:
        """The valid value of a field, or what an absent one means."""
        self.is_valid()
        return self.cleaned_data.get(name) or ""
