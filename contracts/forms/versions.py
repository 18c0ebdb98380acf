"""What a form does when somebody else saved the object in the meantime: both texts shown, nothing lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import date_format

EMPTY = "(vide)"


@dataclass(frozen=True)
class Difference:
    """One field whose stored text is not the one that the person typed."""

    label: str
    stored: str
    typed: str


def differences(form: forms.BaseForm, stored: Any, names: Iterable[str]) -> list[Difference]:
    """The fields `names` of a valid `form` that differ from those of the `stored` object, as texts."""
    return [
        Difference(
            str(form.fields[name].label), _shown(getattr(stored, name)), _shown(form.cleaned_data[name])
        )
        for name in names
        if getattr(stored, name) != form.cleaned_data[name]
    ]


def rebase(form: forms.BaseForm, version: int) -> None:
    """Have the bound `form`, shown again, stand on `version`: saving it once more replaces that one."""
    form.data = form.data.copy()
    form.data[form.add_prefix("version")] = str(version)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, dt.date):
        return date_format(value)
    return str(value)
