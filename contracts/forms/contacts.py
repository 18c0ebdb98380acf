"""The forms of the contacts: naming or correcting one, their leaving, their replacement (rule P2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from cdppe.lib.cleaned_text import cleaned
from cdppe.lib.phones import PhoneError, read_phone
from contracts.actions.contacts import CONTACT_FIELDS
from contracts.forms.contracts import DATE_ERROR, DATE_FORMATS, DateInput
from contracts.models import Contact


class ContactForm(forms.ModelForm):
    """A contact of an institution, with e-mail and telephone (rule P2)."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    class Meta:
        model = Contact
        fields = CONTACT_FIELDS
        help_texts = {
            "email": "Format attendu : nom@domaine.fr",
            "phone": "Numéro français, outre-mer compris, par exemple 04 76 00 00 00 ou 0262 00 00 00.",
        }
        error_messages = {
            "name": {"required": "Écrivez le prénom et le nom du contact."},
            "email": {"required": "Écrivez l’adresse électronique du contact."},
            "phone": {"required": "Écrivez le téléphone du contact."},
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
            "phone": forms.TextInput(attrs={"autocomplete": "off", "type": "tel"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["version"] = self.instance.version

    def clean_name(self) -> str:
        """The name without invisible characters."""
        name = " ".join(cleaned(self.cleaned_data["name"]).split())
        if not name:
            raise forms.ValidationError("Écrivez le prénom et le nom du contact.")
        return name

    def clean_position(self) -> str:
        """The position without invisible characters."""
        return " ".join(cleaned(self.cleaned_data["position"]).split())

    def clean_email(self) -> str:
        """The address, compared without case everywhere."""
        return str(self.cleaned_data["email"]).strip().lower()

    def clean_phone(self) -> str:
        """The number in pairs of digits."""
        try:
            return read_phone(self.cleaned_data["phone"])
        except PhoneError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_version(self) -> int | None:
        """The version that was opened; a stored contact cannot be posted without it."""
        version: int | None = self.cleaned_data["version"]
        if self.instance.pk and version is None:
            raise forms.ValidationError("Rechargez la page : le numéro de version du contact manque.")
        return version

    def _post_clean(self) -> None:
        # The rules of the model are the action's to say: the stored contact is not written into here.
        return

    @property
    def fields_to_save(self) -> dict[str, str]:
        """{field: text} of a valid form, as the actions take it."""
        return {name: self.cleaned_data[name] for name in CONTACT_FIELDS}


class LeavingForm(forms.Form):
    """On which day a contact leaves; not in the future, when nobody knows yet."""

    left_on = forms.DateField(
        label="Date de départ",
        widget=DateInput(),
        input_formats=DATE_FORMATS,
        error_messages={"required": "Écrivez la date de départ.", "invalid": DATE_ERROR},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("left_on", timezone.localdate())

    def clean_left_on(self) -> Any:
        """A day that has come."""
        if self.cleaned_data["left_on"] > timezone.localdate():
            raise forms.ValidationError("Cette date est à venir : revenez le jour du départ.")
        return self.cleaned_data["left_on"]


class ReplacementForm(LeavingForm, ContactForm):
    """When a contact leaves, and who follows."""

    field_order = ["left_on", *CONTACT_FIELDS]
