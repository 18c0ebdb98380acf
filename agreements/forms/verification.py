"""The SHA-256 of a file, as the reader's browser computed it or as somebody copied it."""

from __future__ import annotations

import re

from django import forms


class VerifyForm(forms.Form):
    """One hash in hexadecimal; spaces and capitals do not matter."""

    empreinte = forms.CharField(
        label="Empreinte SHA-256 du fichier",
        help_text=(
            "64 chiffres et lettres de a à f. Elle se calcule toute seule quand vous choisissez un fichier."
        ),
        max_length=200,
    )

    def clean_empreinte(self) -> str:
        found = re.sub(r"\s", "", str(self.cleaned_data["empreinte"])).lower()
        if not re.fullmatch(r"[0-9a-f]{64}", found):
            raise forms.ValidationError(
                "Cette empreinte n’en est pas une : elle compte 64 caractères, chiffres et lettres de a à f."
            )
        return found
