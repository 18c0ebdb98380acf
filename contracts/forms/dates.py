"""Dates of what has happened: a letter sent, a meeting held."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from contracts.forms.contracts import DATE_ERROR, DATE_FORMATS, DateInput

OLDEST = dt.timedelta(days=20 * 366)
"""A date before is mistyped."""


class PassedDateField(forms.DateField):
    """A day that has come, not too long ago."""

    widget = DateInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=DATE_FORMATS, **kwargs)
        self.error_messages["invalid"] = DATE_ERROR

    def clean(self, value: Any) -> dt.date | None:
        """The day; refused with a sentence when it has not come or is mistyped."""
        on = super().clean(value)
        today = timezone.localdate()
        if on is not None and not today - OLDEST <= on <= today:
            raise forms.ValidationError("Écrivez une date déjà passée, ou celle d’aujourd’hui.")
        return on
