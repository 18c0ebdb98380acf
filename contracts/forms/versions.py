"""What a form does when somebody else saved the object in the meantime: both texts shown, nothing lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import date_format

from cdppe.lib.rich_diff import rich_sides
from cdppe.lib.rich_text import Block
from cdppe.lib.rich_text_widget import RichTextarea
from cdppe.lib.text_diff import Kind, Segment, text_diff
from cdppe.lib.typed_text import same_text

EMPTY = "(vide)"


@dataclass(frozen=True)
class Side:
    """One of the two texts of a difference: blocks where it is formatted, else segments."""

    title: str
    segments: tuple[Segment, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One field whose stored text is not the one that the person typed.

    `name` is the form's input, `theirs` what it would hold of the stored text; `is_long`: the two texts can
    be put one after the other; `is_formatted`: their light marks are shown as the page of the object does.
    """

    label: str
    stored: str
    typed: str
    name: str = ""
    theirs: str = ""
    is_long: bool = False
    is_formatted: bool = False

    @property
    def sides(self) -> tuple[Side, Side]:
        """The person's text, then the stored one, each with what the other lacks marked."""
        mine, theirs = "Votre texte", "Texte enregistré"
        if self.is_formatted:
            ours, others = rich_sides(self.typed, self.stored)
            return Side(mine, blocks=ours), Side(theirs, blocks=others)
        segments = text_diff(self.typed, self.stored)
        return (
            Side(mine, segments=tuple(each for each in segments if each.kind is not Kind.ADDED)),
            Side(theirs, segments=tuple(each for each in segments if each.kind is not Kind.REMOVED)),
        )


def differences(form: forms.BaseForm, stored: Any, names: Iterable[str]) -> list[Difference]:
    """The fields `names` of a valid `form` that differ from those of the `stored` object, as texts."""
    return [
        difference(form, name, getattr(stored, name))
        for name in names
        if not same_text(getattr(stored, name), form.cleaned_data[name])
    ]


def difference(form: forms.BaseForm, name: str, stored: Any) -> Difference:
    """What the person typed in the field `name` of a valid `form`, and what is stored, as texts."""
    return Difference(
        str(form.fields[name].label),
        _in_words(form, name, stored),
        _in_words(form, name, form.cleaned_data[name]),
        name=form.add_prefix(name),
        theirs=input_value(form, name, stored),
        is_long=isinstance(form.fields[name].widget, forms.Textarea),
        is_formatted=isinstance(form.fields[name].widget, RichTextarea),
    )


def _in_words(form: forms.BaseForm, name: str, value: Any) -> str:
    """A value as the page of the form shows it: a choice of a list by its words."""
    field = form.fields[name]
    if isinstance(field, forms.TypedChoiceField):
        return shown(dict(field.choices).get(value, value) if value else value)
    return shown(value)


def input_value(form: forms.BaseForm, name: str, value: Any) -> str:
    """What the input of the field `name` holds for `value`; a ticked box holds "on", an empty one nothing."""
    field = form.fields[name]
    if isinstance(field, forms.BooleanField):
        return "on" if value else ""
    prepared = field.prepare_value(value)
    if isinstance(field, forms.DateField):
        prepared = field.widget.format_value(prepared)
    return "" if prepared is None else str(prepared)


def taken_over(form: forms.BaseForm, values: Mapping[str, Any]) -> dict[str, str]:
    """{input: what it holds now} where the stored `values` are not those of the valid `form`."""
    return {
        form.add_prefix(name): input_value(form, name, value)
        for name, value in values.items()
        if not same_text(value, form.cleaned_data[name])
    }


def rebase(form: forms.BaseForm, version: int) -> None:
    """Have the bound `form`, shown again, stand on `version`: saving it once more replaces that one."""
    form.data = form.data.copy()
    form.data[form.add_prefix("version")] = str(version)


def shown(value: Any) -> str:
    """A value as the comparison of two texts shows it."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, dt.date):
        return date_format(value)
    return str(value)
