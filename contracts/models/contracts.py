"""One territory's contract of one campaign, its parties, objectives and account."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from cdppe.accounts.models import Institution, Territory
from cdppe.lib.bank import AccountDetails, account_details, masked
from cdppe.lib.encryption import EncryptedTextField
from contracts.models.campaigns import Campaign, Objective, Signatory
from contracts.models.on_its_way import OnItsWay, way_constraints
from contracts.retroplanning import date_of
from contracts.workflow import ContractState

if TYPE_CHECKING:
    from cdppe.accounts.models import User
    from contracts.models.amendments import Amendment


class ContractQuerySet(models.QuerySet["Contract"]):
    """Which contracts exist for a person, and what their pages read with them."""

    def visible_to(self, user: User) -> ContractQuerySet:
        """The contracts of the territories that `user` follows."""
        return self.filter(territory__in=Territory.objects.visible_to(user))

    def with_context(self) -> ContractQuerySet:
        """With what every page shows of a contract: its territory, region and campaign."""
        return self.select_related("campaign", "territory__region", "takeover")


class Contract(OnItsWay):
    """A territory's contract for a campaign: once per territory and campaign."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="contracts", verbose_name="campagne"
    )
    territory = models.ForeignKey(
        Territory, on_delete=models.PROTECT, related_name="contracts", verbose_name="territoire"
    )
    reference = models.CharField("référence", max_length=40, unique=True)
    planned_effect_on = models.DateField("prise d’effet prévue (jour J)", null=True, blank=True)
    initial_ends_on = models.DateField("fin prévue à l’origine")
    ends_on = models.DateField("fin")

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
            *way_constraints("contract", "contrat", "Le contrat"),
        ]

    def __str__(self) -> str:
        return f"{self.territory.name} – {self.campaign.period}"

    @cached_property
    def open_amendment(self) -> Amendment | None:
        """The amendment that is being written, agreed to or signed; None without one (rule V1)."""
        if not self.is_signed:
            return None
        found: Amendment | None = self.amendments.open().first()
        return found

    @cached_property
    def law_since(self) -> dt.date | None:
        """The day from which the text in force has been the law: its last amendment's, or its own."""
        dates = self.amendments.filter(state=ContractState.IN_FORCE).order_by("-effect_on", "-number")
        last: dt.date | None = dates.values_list("effect_on", flat=True).first()
        return last or self.effect_on

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, and forget which amendment was open."""
        for name in ("open_amendment", "law_since"):
            self.__dict__.pop(name, None)
        super().refresh_from_db(*args, **kwargs)

    @property
    def is_editable(self) -> bool:
        """People write: the contract is not final yet, or an amendment to it is being written."""
        if self.is_in_force:
            return self.open_amendment is not None and self.open_amendment.is_written
        return self.is_written

    @property
    def is_taken_over(self) -> bool:
        """Whether it was signed on paper, before this site."""
        return hasattr(self, "takeover")

    @property
    def years(self) -> list[int]:
        """The calendar years that the contract finances: from the campaign's first to its own current end."""
        return list(range(self.campaign.period_start, self.ends_on.year + 1))

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
