"""The form that describes an edition to import, with its file (F7)."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from cdppe.lib.tables import MAX_BYTES, Table, TableRefused, read_table, too_large
from funding.models import CriterionSeries, FigureStatus, ImportDraft

_SERIES_CODE = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)


def _text(label: str, longest: int, missing: str = "", hint: str = "", **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=bool(missing),
        help_text=hint,
        error_messages={"required": missing, "max_length": f"{longest} caractères au plus."},
        **options,
    )


class ImportForm(forms.Form):
    """What the edition is and the file of its figures; the file of `draft` is kept when none is sent."""

    series = forms.ModelChoiceField(
        label="Série",
        queryset=CriterionSeries.objects.order_by("name"),
        to_field_name="code",
        required=False,
        empty_label="Nouvelle série",
        help_text="Une correction est une nouvelle édition de la même série.",
        error_messages={"invalid_choice": "Choisissez une série de la liste."},
    )
    series_code = _text(
        "Code de la nouvelle série",
        60,
        hint="Minuscules sans accent, chiffres, tirets : par exemple enfants_0_6.",
    )
    series_name = _text("Intitulé de la nouvelle série", 200, hint="Par exemple : Enfants de 0 à 6 ans.")
    unit = _text(
        "Unité de la nouvelle série", 60, hint="Ce que l’on compte : enfants, ménages, allocataires…"
    )
    producer = _text("Producteur", 160, "Écrivez qui publie ces chiffres.", "Par exemple : Insee.")
    reference_date = _text(
        "Date de référence",
        60,
        "Écrivez la date à laquelle les chiffres se rapportent.",
        "Telle que le producteur l’écrit : une année, ou une date.",
    )
    source = _text(
        "Source",
        2000,
        "Écrivez d’où vient le fichier : publication, tableau, adresse.",
        "La publication et le tableau, pour qu’une autre personne retrouve ces chiffres.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    licence = _text("Licence", 160, hint="Par exemple : Licence Ouverte 2.0.")
    status = forms.ChoiceField(
        label="Statut des chiffres",
        choices=[("", "Choisissez un statut"), *FigureStatus.choices],
        help_text="Celui des lignes qui n’en disent pas d’autre dans une colonne « statut ».",
        error_messages={
            "required": "Choisissez un statut.",
            "invalid_choice": "Choisissez un statut de la liste.",
        },
    )
    note = _text(
        "Note",
        2000,
        hint="Ce que ces chiffres comptent exactement, s’il faut le dire.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    file = forms.FileField(
        label="Fichier des chiffres",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
        help_text=(
            f"CSV ou Excel (.xlsx), {MAX_BYTES // 1024 // 1024} Mo au plus, avec une colonne « code » et une "
            "colonne « valeur » ; « statut » et « note » si besoin."
        ),
        error_messages={
            "required": "Choisissez le fichier des chiffres.",
            "empty": "Ce fichier est vide : choisissez celui qui contient le tableau.",
            "invalid": "Le fichier n’est pas arrivé : choisissez-le de nouveau.",
        },
    )
    code_column = _text(
        "Colonne du code", 120, hint="Son intitulé ou sa lettre, si elle ne s’appelle pas « code »."
    )
    value_column = _text(
        "Colonne de la valeur", 120, hint="Son intitulé ou sa lettre, si elle ne s’appelle pas « valeur »."
    )
    is_partial = forms.BooleanField(
        label="Ce fichier ne couvre pas tous les départements",
        required=False,
        help_text="Les départements absents resteront manquants : ce n’est pas zéro.",
    )

    def __init__(self, *args: Any, draft: ImportDraft | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table: Table | None = None
        if draft is not None:
            self.initial = dict(draft.description)
            self.fields["file"].required = False
            self.fields[
                "file"
            ].help_text = f"« {draft.file_name} » est gardé : n’en choisissez un autre que pour le remplacer."

    def clean_file(self) -> UploadedFile | None:
        """The file, read as a table: `table` holds what it says."""
        file: UploadedFile | None = self.cleaned_data.get("file")
        if file is None:
            return None
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(too_large())
        try:
            self.table = read_table(file.read(), name=file.name or "fichier")
        except TableRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return file

    def clean_series_code(self) -> str:
        """The code of a new series: nobody else's, and such as an address can hold."""
        code: str = self.cleaned_data["series_code"].strip()
        if not code or self.data.get("series"):
            return code
        if not _SERIES_CODE.fullmatch(code):
            raise forms.ValidationError("Minuscules sans accent, chiffres, tiret et tiret bas seulement.")
        if CriterionSeries.objects.filter(code=code).exists():
            raise forms.ValidationError(
                "Cette série existe déjà : choisissez-la dans la liste, ou donnez un autre code."
            )
        return code

    def clean(self) -> dict[str, Any]:
        """A new series says its code, its name and its unit."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "series" in cleaned and cleaned["series"] is None:
            for name in ("series_code", "series_name", "unit"):
                if name not in self.errors and not cleaned.get(name):
                    self.add_error(name, "À remplir pour une nouvelle série, ou choisissez une série.")
        return cleaned

    @property
    def description(self) -> dict[str, Any]:
        """What was typed, as a draft keeps it; the file apart."""
        typed: dict[str, Any] = {
            name: str(self.data.get(name, ""))[:4000].replace("\x00", "").strip()
            for name in self.fields
            if name not in ("file", "is_partial")
        }
        typed["is_partial"] = bool(self.data.get("is_partial"))
        return typed

    @property
    def file_name(self) -> str:
        """The name of the file that was sent with this form; "" without one."""
        file = self.files.get("file")
        return (file.name or "fichier") if file is not None else ""
