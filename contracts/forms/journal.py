"""Which entries of the journal are listed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from contracts.journal_page import subject_of
from contracts.models import JournalEntry

DAY_ERROR = "Écrivez un jour, sous la forme jj/mm/aaaa."


class DayInput(forms.DateInput):
    """The browser's own picker of a day."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class JournalFilterForm(forms.Form):
    """Who, about what, from a day to a day: everything when nothing is chosen."""

    hides_optional_marks = True
    qui = forms.ChoiceField(label="Personne", required=False)
    objet = forms.ChoiceField(label="Objet du geste", required=False)
    du = forms.DateField(
        label="Depuis le", required=False, widget=DayInput, error_messages={"invalid": DAY_ERROR}
    )
    au = forms.DateField(
        label="Jusqu’au", required=False, widget=DayInput, error_messages={"invalid": DAY_ERROR}
    )

    def __init__(self, *args: Any, entries: QuerySet[JournalEntry], **kwargs: Any) -> None:
        """The people and the subjects to choose from are those of `entries`."""
        super().__init__(*args, **kwargs)
        entries = entries.order_by()
        named = entries.filter(by__isnull=False).values_list("by", "actor")
        people = {str(pk): actor for pk, actor in named.distinct()}
        nouns = {code.partition(".")[0] for code in entries.values_list("code", flat=True).distinct()}
        subjects = sorted((subject_of(noun), noun) for noun in nouns)
        self.fields["qui"].choices = [
            ("", "Toutes"),
            *sorted(people.items(), key=lambda item: item[1].casefold()),
        ]
        self.fields["objet"].choices = [("", "Tous"), *((noun, label) for label, noun in subjects)]
        for name in ("du", "au"):
            field = self.fields[name]
            assert isinstance(field, forms.DateField)
            field.input_formats = ["%Y-%m-%d", "%d/%m/%Y"]

    def clean(self) -> dict[str, Any]:
        """The earlier day comes first, whichever was typed first."""
        cleaned = super().clean() or {}
        start, end = cleaned.get("du"), cleaned.get("au")
        if start and end and start > end:
            cleaned["du"], cleaned["au"] = end, start
        return cleaned
