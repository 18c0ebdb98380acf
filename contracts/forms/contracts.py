"""The forms by which a contract is created and its general information written (annexe 5.1, rule K1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from django import forms

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Territory, User
from cdppe.lib.bank import BankDetailError, read_bic, read_iban
from cdppe.lib.text_forms import TypedTexts
from contracts.actions.contracts import (
    DETAIL_FIELDS,
    FIXED_ONCE_SIGNED,
    Representative,
    representative_keys,
    representative_of,
)
from contracts.forms.opened import OpenedForm, VersionField
from contracts.models import BankAccount, Campaign, Contract, ContractParty

DATE_FORMATS = ["%Y-%m-%d", "%d/%m/%Y"]
DATE_ERROR = "Écrivez une date sous la forme jj/mm/aaaa."


class DateInput(forms.DateInput):
    """The browser's own date picker, which takes and gives ISO dates whatever the language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ContractForm(forms.Form):
    """Which territory makes its contract for which campaign, among those that the person may choose."""

    campaign = forms.ModelChoiceField(
        label="Campagne",
        queryset=Campaign.objects.none(),
        empty_label="Choisissez une campagne",
        error_messages={
            "required": "Choisissez une campagne.",
            "invalid_choice": "Choisissez une campagne de la liste.",
        },
    )
    territory = forms.ModelChoiceField(
        label="Territoire",
        queryset=Territory.objects.none(),
        empty_label="Choisissez un territoire",
        help_text="Les territoires de vos institutions que concerne au moins une campagne.",
        error_messages={
            "required": "Choisissez un territoire.",
            "invalid_choice": "Ce territoire n’est pas de ceux pour lesquels vous pouvez créer un contrat.",
        },
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        territories = creatable_territories(user)
        campaigns = Campaign.objects.filter(territories__in=territories).distinct()
        _choose_among(self.fields["territory"], territories)
        _choose_among(self.fields["campaign"], campaigns)


def creatable_territories(user: User) -> Any:
    """The territories of some campaign for which `user` may create a contract."""
    visible = Territory.objects.visible_to(user).filter(campaigns__isnull=False).distinct()
    allowed = [each.pk for each in visible if can(user, Ability.CONTRACT_CREATE, each)]
    return Territory.objects.filter(pk__in=allowed).order_by("code")


def _choose_among(field: forms.Field, choices: Any) -> None:
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = choices
    only = list(choices[:2])
    if len(only) == 1:
        field.initial = only[0]


class DetailsForm(OpenedForm, TypedTexts, forms.ModelForm):
    """What fills the model's blanks: dates, deliberation, court, officers, and who signs for each party."""

    version = VersionField()
    # The page says once that everything may stay empty.
    hides_optional_marks = True

    class Meta:
        model = Contract
        fields = DETAIL_FIELDS
        widgets = {"planned_effect_on": DateInput(), "deliberation_on": DateInput()}
        help_texts = {
            "planned_effect_on": "Le jour J du rétroplanning : chaque étape est datée à partir de lui.",
            "deliberation_number": "Celui que l’assemblée départementale a donné.",
            "court": "Celui que désigne l’article 7 en cas de litige.",
            "state_accountant": "Par exemple : le directeur départemental des finances publiques.",
            "agency_accountant": "Par exemple : l’agent comptable de l’agence régionale de santé.",
            "needs_budget_controller": "Au-dessus du seuil de visa : un quatrième bloc de signature.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        self.stands_on(f"details/{self.instance.pk}")
        self.parties: list[ContractParty] = list(
            self.instance.parties.select_related("signatory", "institution")
        )
        for name in ("planned_effect_on", "deliberation_on"):
            date_field = self.fields[name]
            assert isinstance(date_field, forms.DateField)
            date_field.input_formats = DATE_FORMATS
            date_field.error_messages["invalid"] = DATE_ERROR
        for party in self.parties:
            self.fields[_name_key(party)] = forms.CharField(
                label="Nom du représentant",
                required=False,
                max_length=160,
                initial=party.representative_name,
                help_text="Prénom et nom, avec Monsieur ou Madame.",
            )
            self.fields[_title_key(party)] = forms.CharField(
                label="Qualité",
                required=False,
                max_length=200,
                initial=party.representative_title,
                help_text="La fonction, telle que le contrat l’écrit.",
            )
            self.fields[_delegation_key(party)] = forms.CharField(
                label="Délégation de signature",
                required=False,
                max_length=200,
                initial=party.delegation,
                help_text="Seulement si cette personne signe par délégation : l’acte et sa date.",
            )

        if self.instance.is_signed:
            for name in FIXED_ONCE_SIGNED:
                self.fields[name].disabled = True
                self.fields[name].help_text = "Celle du contrat signé : un avenant ne la change pas."

    def clean_planned_effect_on(self) -> dt.date | None:
        """A date of effect outside the contract's period is refused: every step would be dated from it."""
        on: dt.date | None = self.cleaned_data["planned_effect_on"]
        campaign = self.instance.campaign
        if on is not None and not campaign.period_start <= on.year <= campaign.period_end:
            raise forms.ValidationError(
                f"La prise d’effet tombe dans la période du contrat, de {campaign.period_start} à "
                f"{campaign.period_end}."
            )
        return on

    @property
    def fields_to_save(self) -> dict[str, Any]:
        """{field: value} of a valid form, as the action takes it."""
        return {name: self.cleaned_data[name] for name in DETAIL_FIELDS}

    @property
    def representatives(self) -> dict[int, Representative]:
        """{primary key of a party: who signs for it} of a valid form."""
        return {
            party.pk: Representative(*(self.cleaned_data[key] for key in representative_keys(party.pk)))
            for party in self.parties
        }

    @property
    def saved_names(self) -> list[str]:
        """The names of every field that is saved: the contract's own, then the parties'."""
        return [*DETAIL_FIELDS, *(name for party in self.parties for name in representative_keys(party.pk))]

    def stored_value(self, contract: Contract, name: str) -> Any:
        """What `contract`, with the parties as they are now stored, holds for a field of `saved_names`."""
        if name in DETAIL_FIELDS:
            return getattr(contract, name)
        for party in contract.parties.all():
            texts = dict(zip(representative_keys(party.pk), astuple(representative_of(party)), strict=True))
            if name in texts:
                return texts[name]
        return ""

    def bound(self, names: Iterable[str]) -> list[forms.BoundField]:
        """The fields of one section of the page, in order."""
        return [self[name] for name in names]

    def sections(self) -> list[dict[str, Any]]:
        """The form as the page lays it out: [{"title", "note", "fields"}], optional signatories last."""
        return [
            *(self._party(party) for party in self.parties if not party.signatory.is_optional),
            {
                "title": "Délibération, dates et lieu",
                "note": "",
                "fields": self.bound(
                    [
                        "deliberation_number",
                        "deliberation_on",
                        "planned_effect_on",
                        "signed_at_place",
                        "court",
                    ]
                ),
            },
            {
                "title": "Comptables assignataires",
                "note": (
                    "Article 4 du contrat. Les ordonnateurs sont nommés par le contrat-type : "
                    f"{self.instance.state_officer} et {self.instance.agency_officer}."
                ),
                "fields": self.bound(["state_accountant", "agency_accountant"]),
            },
            {
                "title": "Signature selon le montant",
                "note": "",
                "fields": self.bound(["needs_budget_controller"]),
            },
            *(self._party(party) for party in self.parties if party.signatory.is_optional),
        ]

    def _party(self, party: ContractParty) -> dict[str, Any]:
        return {
            "title": f"Représentant : {party.signatory}",
            "note": party.institution.name if party.institution else party.signatory.condition,
            "fields": self.bound(representative_keys(party.pk)),
        }


class BankAccountForm(TypedTexts, forms.Form):
    """The department's account, always typed whole: nothing of the stored one is sent to the browser."""

    holder = forms.CharField(
        label="Dénomination sociale du titulaire",
        max_length=160,
        error_messages={"required": "Écrivez le titulaire du compte."},
    )
    iban = forms.CharField(
        label="IBAN",
        max_length=60,
        help_text="FR, puis 25 caractères. Les espaces ne comptent pas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Recopiez l’IBAN du relevé d’identité bancaire."},
    )
    bic = forms.CharField(
        label="BIC",
        max_length=20,
        help_text="8 ou 11 caractères, par exemple BDFEFRPPCCT.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Recopiez le BIC du relevé d’identité bancaire."},
    )

    def __init__(self, *args: Any, account: BankAccount | None, default_holder: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["holder"].initial = account.holder if account else default_holder

    def clean_iban(self) -> str:
        """The IBAN without spaces, checked."""
        try:
            return read_iban(self.cleaned_data["iban"])
        except BankDetailError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_bic(self) -> str:
        """The BIC without spaces, checked."""
        try:
            return read_bic(self.cleaned_data["bic"])
        except BankDetailError as error:
            raise forms.ValidationError(str(error)) from error


def _name_key(party: ContractParty) -> str:
    return representative_keys(party.pk)[0]


def _title_key(party: ContractParty) -> str:
    return representative_keys(party.pk)[1]


def _delegation_key(party: ContractParty) -> str:
    return representative_keys(party.pk)[2]
