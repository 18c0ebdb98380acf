"""The forms of signed files: hand one in, say which page a sheet is, record what a file proves (rule K4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from agreements.actions.signature_files import Proved
from agreements.forms.way import PassedDateField
from agreements.models import Signature, SignedFileKind
from agreements.signature_files import SignatureView, party_named
from agreements.signing.upload import MAX_BYTES, REASONS
from cdppe.lib.french_words import of
from contracts.models import ContractParty


class DepositForm(forms.Form):
    """A signed PDF, and how it was signed."""

    kind = forms.ChoiceField(
        label="Comment le contrat a-t-il été signé ?",
        choices=SignedFileKind.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Dites comment le contrat a été signé.",
            "invalid_choice": "Choisissez l’une des deux manières proposées.",
        },
    )
    file = forms.FileField(
        label="Fichier signé",
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        help_text="Un PDF de 20 Mo au plus, tel que l’outil de signature ou le numériseur l’a produit.",
        error_messages={
            "required": "Choisissez le PDF signé.",
            "empty": REASONS["empty"],
            "invalid": "Le fichier n’est pas arrivé : choisissez-le de nouveau.",
            "max_length": "Le nom de ce fichier est trop long : raccourcissez-le.",
        },
    )

    def clean_file(self) -> UploadedFile:
        """Not read before its size is known to be acceptable; `content` holds its bytes."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(REASONS["size"])
        self.content = file.read()
        return file


class ConfirmPagesForm(forms.Form):
    """Which page of the version each sheet without a readable code is; empty when it is none of them."""

    hides_optional_marks = True

    def __init__(
        self, *args: Any, positions: Sequence[int], total: int, confirmed: Mapping[str, int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.positions = tuple(positions)
        wrong = f"Écrivez une page de 1 à {total}, ou laissez vide."
        for position in self.positions:
            self.fields[f"sheet-{position}"] = forms.IntegerField(
                label=f"Feuille {position} du document déposé",
                help_text=f"Page de la version, de 1 à {total} ; vide si ce n’en est aucune.",
                min_value=1,
                max_value=total,
                required=False,
                initial=confirmed.get(str(position)),
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
                error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), wrong),
            )

    @property
    def sheets(self) -> list[tuple[int, forms.BoundField]]:
        """Each sheet with its box."""
        return [(position, self[f"sheet-{position}"]) for position in self.positions]

    @property
    def confirmed(self) -> dict[int, int]:
        """{position in the scan: page of the version}, of the sheets that somebody named."""
        found = {position: self.cleaned_data.get(f"sheet-{position}") for position in self.positions}
        return {position: page for position, page in found.items() if page}


class ProofForm(forms.Form):
    """Which signatures a file proves: a row for each signature of a PDF, or for each party of a paper.

    A party whose signature is recorded already keeps its date: the file is joined to it.
    """

    hides_optional_marks = True

    def __init__(
        self,
        *args: Any,
        parties: Sequence[ContractParty],
        signatures: Sequence[SignatureView],
        recorded: Mapping[int, Signature],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.parties = {party.pk: party for party in parties}
        self.signatures = {view.number: view for view in signatures}
        self.recorded = recorded
        if self.signatures:
            self._ask_for_each_signature(parties)
        else:
            self._ask_for_each_party()

    def _ask_for_each_signature(self, parties: Sequence[ContractParty]) -> None:
        choices = [("", "Ne pas l’enregistrer"), *((str(each.pk), str(each.signatory)) for each in parties)]
        for number, view in self.signatures.items():
            named = party_named(view.verdict, parties)
            self.fields[f"whose-{number}"] = forms.TypedChoiceField(
                label=f"Signature {number} : {view.label}",
                help_text="La partie pour laquelle cette personne a signé.",
                choices=choices,
                coerce=int,
                empty_value=None,
                required=False,
                initial=named.pk if named else "",
                error_messages={"invalid_choice": "Choisissez une des parties proposées."},
            )
            self.fields[f"signature-{number}_on"] = PassedDateField(
                label=f"Date de la signature {number}",
                required=False,
                initial=view.signed_on,
                help_text="Celle que porte le fichier ; corrigez-la si l’horloge du signataire était fausse.",
            )

    def _ask_for_each_party(self) -> None:
        for pk, party in self.parties.items():
            signature = self.recorded.get(pk)
            kept = (
                f"Déjà enregistrée, du {signature.signed_on:%d/%m/%Y} : le fichier y sera joint."
                if signature
                else ""
            )
            self.fields[f"bears-{pk}"] = forms.BooleanField(
                label=f"Le papier porte la signature {of(str(party.signatory))}",
                help_text=kept,
                required=False,
            )
            if signature is None:
                self.fields[f"party-{pk}_on"] = PassedDateField(
                    label=f"Date de la signature {of(str(party.signatory))}",
                    required=False,
                    help_text="Celle que porte le papier.",
                )

    @property
    def proved(self) -> list[Proved]:
        """What the person said that the file proves."""
        return self._proved

    def clean(self) -> dict[str, Any]:
        """At least one signature, each with its date."""
        values = cast(dict[str, Any], super().clean())
        self._proved = self._by_signature(values) if self.signatures else self._by_party(values)
        if not self.errors and not self._proved:
            self.add_error(None, "Indiquez au moins une signature que ce fichier prouve.")
        return values

    def _by_signature(self, values: dict[str, Any]) -> list[Proved]:
        found = []
        for number, view in self.signatures.items():
            pk = values.get(f"whose-{number}")
            if not pk:
                continue
            recorded = self.recorded.get(pk)
            on = recorded.signed_on if recorded else values.get(f"signature-{number}_on")
            if on is None:
                self._require_date(f"signature-{number}_on")
                continue
            found.append(Proved(self.parties[pk], on, view.verdict.field))
        if len({each.party.pk for each in found}) != len(found):
            self.add_error(
                None, "Une partie est choisie deux fois : chaque signature est celle d’une seule partie."
            )
        return found

    def _by_party(self, values: dict[str, Any]) -> list[Proved]:
        found = []
        for pk, party in self.parties.items():
            if not values.get(f"bears-{pk}"):
                continue
            recorded = self.recorded.get(pk)
            on = recorded.signed_on if recorded else values.get(f"party-{pk}_on")
            if on is None:
                self._require_date(f"party-{pk}_on")
                continue
            found.append(Proved(party, on))
        return found

    def _require_date(self, name: str) -> None:
        if name in self.fields and name not in self.errors:
            self.add_error(name, "Écrivez la date de cette signature.")
