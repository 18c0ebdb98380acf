"""Choosing two versions to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from agreements.models import ContractVersion

NOW = 0
"""The contract as it is now, among the numbers of its versions."""


class CompareVersionsForm(forms.Form):
    """Two of a contract's versions, the earlier and the later; the later may be the contract as it is now."""

    de = forms.TypedChoiceField(label="De", coerce=int)
    a = forms.TypedChoiceField(label="À", coerce=int)

    def __init__(
        self, *args: Any, versions: Sequence[ContractVersion], with_now: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        numbered = [(version.number, f"Version {version.number} – {version.label}") for version in versions]
        now = [(NOW, "Le contrat tel qu’il est maintenant")] if with_now else []
        for name, choices in (("de", numbered), ("a", now + numbered)):
            cast(forms.TypedChoiceField, self.fields[name]).choices = choices
        if versions:
            self.initial = {"de": versions[0].number, "a": NOW if with_now else versions[0].number}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "de" in cleaned and cleaned.get("a") == cleaned["de"]:
            self.add_error("a", "Choisissez deux versions différentes.")
        return cleaned
