"""One territory's contract of one campaign, its parties, objectives and account."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import Institution, Territory
from cdppe.lib.bank import AccountDetails, account_details, masked
from cdppe.lib.encryption import EncryptedTextField
from contracts.models.campaigns import Campaign, Objective, Signatory
from contracts.retroplanning import date_of
from contracts.workflow import DECIDED_STATES, EDITABLE_STATES, SIGNED_STATES, WAY_STATES, ContractState

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class ContractQuerySet(models.QuerySet["Contract"]):
    """Which contracts exist for a person, and what their pages read with them."""

    def visible_to(self, user: User) -> ContractQuerySet:
        """The contracts of the territories that `user` follows."""
        return self.filter(territory__in=Territory.objects.visible_to(user))

    def with_context(self) -> ContractQuerySet:
        """With what every page shows of a contract: its territory, region and campaign."""
        return self.select_related("campaign", "territory__region", "takeover")


class Contract(models.Model):
    """A territory's contract for a campaign: once per territory and campaign."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="contracts", verbose_name="campagne"
    )
    territory = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="contracts", verbose_name="territoire"
    )
    reference = models.CharField("référence", max_length=40, unique=True)
    state = models.CharField(
        "état", max_length=20, choices=ContractState.choices, default=ContractState.DIAGNOSIS
    )
    planned_effect_on = models.DateField("prise d’effet prévue (jour J)", null=True, blank=True)
    initial_ends_on = models.DateField("fin prévue à l’origine")
    ends_on = models.DateField("fin")

    deliberation_number = models.CharField("numéro de la délibération", max_length=60, blank=True)
    deliberation_on = models.DateField("date de la délibération", null=True, blank=True)
    odpe_informed_on = models.DateField("information de l’ODPE", null=True, blank=True)
    odpe_no_information_reason = models.CharField(
        "raison de l’absence d’information de l’ODPE", max_length=500, blank=True
    )
    odpe_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    odpe_at = models.DateTimeField("information de l’ODPE enregistrée le", null=True, blank=True)
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    adopted_at = models.DateTimeField("délibération enregistrée le", null=True, blank=True)
    agreed_on = models.DateField("accord de toutes les parties", null=True, blank=True)
    signed_on = models.DateField("dernière signature", null=True, blank=True)
    effect_on = models.DateField("prise d’effet", null=True, blank=True)
    """The day from which it is in force: the last signature, or the planned day if that comes later."""
    court = models.CharField("tribunal administratif", max_length=160, blank=True)
    state_officer = models.CharField("ordonnateur des crédits de l’État", max_length=200, blank=True)
    state_accountant = models.CharField(
        "comptable assignataire des crédits de l’État", max_length=200, blank=True
    )
    agency_officer = models.CharField("ordonnateur des crédits de l’ARS", max_length=200, blank=True)
    agency_accountant = models.CharField(
        "comptable assignataire des crédits de l’ARS", max_length=200, blank=True
    )
    signed_at_place = models.CharField("lieu de signature", max_length=120, blank=True)
    needs_budget_controller = models.BooleanField(
        "signature du contrôleur budgétaire en région", default=False
    )

    is_demonstration = models.BooleanField(
        "contrat de démonstration", default=False, help_text="Ses textes inventés sont signalés comme tels."
    )
    demonstration_note = models.TextField("origine des données de démonstration", blank=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="contracts_created",
        verbose_name="créé par",
    )
    created_at = models.DateTimeField("créé le", default=timezone.now)
    updated_at = models.DateTimeField("modifié le", auto_now=True)
    version = models.PositiveIntegerField("version des informations générales", default=1)

    objects = ContractQuerySet.as_manager()

    class Meta:
        ordering = ["-campaign__year", "territory__code"]
        verbose_name = "contrat"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "territory"],
                name="contract_once_per_territory_and_campaign",
                violation_error_message="Ce territoire a déjà un contrat pour cette campagne.",
            ),
            models.CheckConstraint(
                name="contract_odpe_date_or_reason",
                condition=Q(odpe_informed_on__isnull=True) | Q(odpe_no_information_reason=""),
                violation_error_message="L’ODPE a été informé, ou il y a une raison de ne pas l’avoir fait.",
            ),
            models.CheckConstraint(
                name="contract_odpe_recorded_with_its_author",
                condition=~Q(state__in=[ContractState.ODPE_INFORMED, *sorted(DECIDED_STATES)])
                | (
                    (Q(odpe_informed_on__isnull=False) | ~Q(odpe_no_information_reason=""))
                    & Q(odpe_by__isnull=False, odpe_at__isnull=False)
                ),
                violation_error_message="L’information de l’ODPE s’enregistre avec sa date et son auteur.",
            ),
            models.CheckConstraint(
                name="contract_adopted_with_its_deliberation",
                condition=~Q(state__in=sorted(DECIDED_STATES))
                | (
                    ~Q(deliberation_number="")
                    & Q(deliberation_on__isnull=False, adopted_by__isnull=False, adopted_at__isnull=False)
                ),
                violation_error_message="Une délibération s’enregistre avec son numéro, sa date, son auteur.",
            ),
            models.CheckConstraint(
                name="contract_odpe_before_its_deliberation",
                condition=~Q(state__in=sorted(DECIDED_STATES))
                | Q(odpe_informed_on__isnull=True)
                | Q(odpe_informed_on__lte=models.F("deliberation_on")),
                violation_error_message="L’ODPE est informé avant l’assemblée.",
            ),
            models.CheckConstraint(
                name="contract_agreed_in_its_states",
                condition=Q(agreed_on__isnull=True)
                | Q(state__in=[ContractState.SIGNATURE, *sorted(SIGNED_STATES)]),
                violation_error_message="L’accord de toutes les parties mène aux signatures.",
            ),
            models.CheckConstraint(
                name="contract_signature_agreed",
                condition=~Q(state=ContractState.SIGNATURE) | Q(agreed_on__isnull=False),
                violation_error_message="Les signatures suivent l’accord de toutes les parties.",
            ),
            models.CheckConstraint(
                name="contract_agreed_after_its_deliberation",
                condition=Q(agreed_on__isnull=True) | Q(deliberation_on__lte=models.F("agreed_on")),
                violation_error_message="L’accord des parties suit la délibération.",
            ),
            models.CheckConstraint(
                name="contract_signed_in_its_states",
                condition=Q(signed_on__isnull=True, effect_on__isnull=True)
                | Q(
                    state__in=[ContractState.SIGNATURE, *sorted(SIGNED_STATES)],
                    signed_on__isnull=False,
                    effect_on__isnull=False,
                ),
                violation_error_message="Un contrat signé a une date de signature et une prise d’effet.",
            ),
            models.CheckConstraint(
                name="contract_in_force_signed",
                condition=~Q(state__in=sorted(SIGNED_STATES)) | Q(signed_on__isnull=False),
                violation_error_message="Un contrat en vigueur est signé.",
            ),
            models.CheckConstraint(
                name="contract_signed_after_its_agreement",
                condition=Q(signed_on__isnull=True)
                | Q(agreed_on__isnull=True)
                | Q(agreed_on__lte=models.F("signed_on")),
                violation_error_message="Les signatures suivent l’accord de toutes les parties.",
            ),
            models.CheckConstraint(
                name="contract_in_effect_from_its_signature",
                condition=Q(signed_on__isnull=True) | Q(signed_on__lte=models.F("effect_on")),
                violation_error_message="Le contrat prend effet à compter de sa signature.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory.name} – {self.campaign.period}"

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE_STATES

    @property
    def is_on_its_way(self) -> bool:
        """The text is final and not signed by all yet."""
        return self.state in WAY_STATES

    @property
    def is_in_force(self) -> bool:
        return self.state == ContractState.IN_FORCE

    @property
    def is_signed(self) -> bool:
        """In force, or ended."""
        return self.state in SIGNED_STATES

    @property
    def is_taken_over(self) -> bool:
        """Whether it was signed on paper, before this site."""
        return hasattr(self, "takeover")

    @property
    def years(self) -> list[int]:
        """The calendar years that the contract finances: the campaign's, until its current end."""
        return [year for year in self.campaign.years if year <= self.ends_on.year]

    def step_date(self, days_before: int | None) -> dt.date | None:
        """The date so many days before the planned date of effect (rule C3); None while undated."""
        return date_of(self.planned_effect_on, days_before, None)


class ContractParty(models.Model):
    """A party's representative as the contract names it (rules P1, K1)."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="parties")
    signatory = models.ForeignKey(Signatory, on_delete=models.PROTECT, related_name="contract_parties")
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, null=True, blank=True, related_name="contract_parties"
    )
    representative_name = models.CharField("nom du représentant", max_length=160, blank=True)
    representative_title = models.CharField("qualité du représentant", max_length=200, blank=True)
    delegation = models.CharField("délégation de signature", max_length=200, blank=True)
    """The act and its date when somebody signs « par délégation »; empty when the party itself signs."""

    class Meta:
        ordering = ["signatory__position"]
        verbose_name = "partie"
        constraints = [
            models.UniqueConstraint(fields=["contract", "signatory"], name="party_once_per_contract")
        ]

    def __str__(self) -> str:
        return self.representative_name or str(self.signatory)


class BankAccount(models.Model):
    """The department's account (article 4, rule M6), encrypted at rest and masked on screen."""

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="bank_account")
    holder = models.CharField("dénomination sociale", max_length=160)
    iban = EncryptedTextField("IBAN")
    bic = EncryptedTextField("BIC")
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField("modifié le", auto_now=True)

    class Meta:
        verbose_name = "compte bancaire"

    def __str__(self) -> str:
        return f"{self.holder} – {self.masked_iban}"

    @property
    def masked_iban(self) -> str:
        return masked(self.iban)

    @property
    def details(self) -> AccountDetails:
        """Code établissement, code guichet, numéro and clé RIB, read from the IBAN."""
        return account_details(self.iban)


class ContractObjectiveQuerySet(models.QuerySet["ContractObjective"]):
    """The objectives of contracts, with what their pages read."""

    def in_order(self) -> ContractObjectiveQuerySet:
        """In the catalogue's order: commitment, measure, number; the territory's own at the end."""
        return self.select_related("objective__measure__commitment").order_by(
            models.F("objective__measure__commitment__position").asc(nulls_last=True),
            "objective__measure__position",
            "objective__number",
            "pk",
        )


class ContractObjective(models.Model):
    """An objective that the contract carries: one of the catalogue, or the territory's own (rule O4)."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="objectives")
    objective = models.ForeignKey(
        Objective, on_delete=models.PROTECT, null=True, blank=True, related_name="contract_objectives"
    )
    own_title = models.CharField("intitulé de l’objectif propre", max_length=500, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField("ajouté le", default=timezone.now)

    objects = ContractObjectiveQuerySet.as_manager()

    class Meta:
        verbose_name = "objectif du contrat"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "objective"],
                name="objective_once_per_contract",
                violation_error_message="Cet objectif est déjà dans le contrat.",
            ),
            models.CheckConstraint(
                name="contract_objective_from_catalogue_or_own",
                condition=Q(objective__isnull=False, own_title="")
                | (Q(objective__isnull=True) & ~Q(own_title="")),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Number and title; a territory's own objective has no number."""
        return str(self.objective) if self.objective is not None else self.own_title

    @property
    def short_label(self) -> str:
        return f"Objectif {self.objective.number}" if self.objective is not None else "Objectif propre"

    @property
    def is_fundamental(self) -> bool:
        return self.objective is not None and self.objective.is_fundamental
