"""What a form says of the page that it comes from: which object, which version, with which texts opened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from cdppe.lib.typed_text import UnreadableText, read_text

LARGEST_VERSION = 2_147_483_647
MOST_TEXTS = 50
"""Texts with which one field may have been opened: a page sends a dozen at most."""

BROKEN_PAGE = (
    "Rechargez la page : ce qu’elle a envoyé est incomplet. Ce que vous avez tapé vous sera proposé."
)
OTHER_OBJECT = (
    "Cette page montre un autre objet que celui de cette adresse, supprimé ou renuméroté depuis : "
    "rien n’a été enregistré. Copiez votre texte, puis rouvrez la page depuis le menu du contrat."
)


class Unreadable:
    """An opened text that the field itself would refuse: it equals nothing that is stored."""


class VersionField(forms.IntegerField):
    """The hidden version that a page was opened with; anything else than a version asks for a new page."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(
            widget=forms.HiddenInput,
            required=required,
            min_value=1,
            max_value=LARGEST_VERSION,
            error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), BROKEN_PAGE),
        )


class OpenedForm(forms.BaseForm):
    """Put before Form or ModelForm, beside a `VersionField`: adds `place` and `opened`, both hidden.

    `place` is the object that the page shows, so that a version of another object is refused. `opened` is
    JSON, {name of a field that the person changed: [the texts that it may have been opened with]}, empty
    where no script ran.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"] = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)
        self.fields["opened"] = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
        self._opened: dict[str, list[str]] | None = None

    def stands_on(self, place: str) -> None:
        """Have the page say that it shows the object at `place`."""
        self.initial["place"] = place

    def clean_place(self) -> str:
        """The object that the page shows, when it says so, is the one of its address."""
        place: str = self.cleaned_data["place"]
        if place and place != self.initial.get("place", ""):
            raise forms.ValidationError(OTHER_OBJECT)
        return place

    def clean_opened(self) -> str:
        """The texts that the page was opened with, as the page wrote them."""
        text: str = self.cleaned_data["opened"]
        if text:
            self._opened = _read_opened(text)
        return text

    @property
    def says_what_it_opened(self) -> bool:
        """Whether a script kept the texts with which the page of this valid form was opened."""
        return self._opened is not None

    def raw_opened(self) -> Mapping[str, list[str]]:
        """{input: the texts that it may have been opened with}, also of inputs that are no fields."""
        return self._opened or {}

    def opened(self, names: Iterable[str]) -> dict[str, list[Any]] | None:
        """{name: the values that it may have been opened with} for the changed ones of `names`.

        None when the page could not say: then the whole form replaces the version that was opened.
        """
        if self._opened is None:
            return None
        return {
            name: [self._value(name, text) for text in self._opened[name]]
            for name in names
            if name in self._opened
        }

    def _value(self, name: str, text: str) -> Any:
        try:
            value = self.fields[name].clean(text)
            return read_text(value) if isinstance(value, str) else value
        except forms.ValidationError:
            # What an obligatory field was before anybody filled it.
            return "" if text == "" else Unreadable()
        except UnreadableText:
            return Unreadable()


def _read_opened(text: str) -> dict[str, list[str]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise forms.ValidationError(BROKEN_PAGE) from error
    is_sound = isinstance(content, dict) and all(
        isinstance(texts, list)
        and 0 < len(texts) <= MOST_TEXTS
        and all(isinstance(each, str) for each in texts)
        for texts in content.values()
    )
    if not is_sound:
        raise forms.ValidationError(BROKEN_PAGE)
    return dict(content)
