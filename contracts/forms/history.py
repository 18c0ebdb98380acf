"""The forms of the history: which changes are listed, which two moments are compared."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from contracts.history import kept_parts
from contracts.models import Contract
from contracts.workspace import parts

MOMENT_ERROR = "Écrivez une date et une heure, sous la forme jj/mm/aaaa hh:mm."


class HistoryFilterForm(forms.Form):
    """Which part, whose changes: all of them when nothing is chosen."""

    hides_optional_marks = True
    partie = forms.ChoiceField(label="Partie du contrat", required=False)
    auteur = forms.ChoiceField(label="Auteur", required=False)

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(part.code, part.label) for part in parts() if part.code in kept_parts()]
        authors = contract.changes.filter(by__isnull=False).order_by("by__last_name", "by__first_name")
        people = {
            str(pk): f"{first} {last}".strip()
            for pk, first, last in authors.values_list("by", "by__first_name", "by__last_name").distinct()
        }
        self.fields["partie"].choices = [("", "Toutes"), *known]
        self.fields["auteur"].choices = [("", "Tous"), *people.items()]


class MomentInput(forms.DateTimeInput):
    """The browser's own picker of a date and an hour."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class CompareForm(forms.Form):
    """Two moments of a contract, the earlier first."""

    hides_optional_marks = True
    du = forms.DateTimeField(label="Entre le", widget=MomentInput, error_messages={"invalid": MOMENT_ERROR})
    au = forms.DateTimeField(label="et le", widget=MomentInput, error_messages={"invalid": MOMENT_ERROR})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("du", "au"):
            field = self.fields[name]
            assert isinstance(field, forms.DateTimeField)
            field.input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M"]
            field.error_messages["required"] = MOMENT_ERROR

    def clean(self) -> dict[str, Any]:
        """The earlier moment comes first, whichever was typed first."""
        cleaned = super().clean() or {}
        start, end = cleaned.get("du"), cleaned.get("au")
        if start and end and start > end:
            cleaned["du"], cleaned["au"] = end, start
        return cleaned


def last_days(contract: Contract) -> dict[str, dt.datetime]:
    """The moments offered at first: a week ago, or the contract's beginning, and now."""
    now = timezone.localtime()
    start = max(now - dt.timedelta(days=7), timezone.localtime(contract.created_at) - dt.timedelta(minutes=1))
    # The picker has no seconds: the end of the minute, so that what was just written is in it.
    return {"du": start, "au": now + dt.timedelta(minutes=1)}
