"""Which text is proposed, which party agreed to it and when, who has signed it (rules K1, K4)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agreements.models.versions import ContractVersion
from agreements.models.withdrawn import StandingQuerySet, Withdrawable, withdrawn_with_author_and_reason
from cdppe.lib.encryption import EncryptedTextField
from contracts.models import Amendment, Contract, ContractParty, amendment_of, contract_of


class Ending(models.TextChoices):
    """Why a proposal, or an agreement, no longer stands."""

    WITHDRAWN = "withdrawn", "retiré par la partie"
    SENT_BACK = "sent-back", "texte renvoyé"
    REOPENED = "reopened", "négociation rouverte"
    CHANGED = "changed", "le texte a changé"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """The texts proposed to the parties of contracts."""

    def standing(self) -> ProposalQuerySet:
        """Those that the parties agree to, sign or have signed: one a contract, one an amendment."""
        return self.filter(ended_at__isnull=True)

    def of(self, way: Contract | Amendment) -> ProposalQuerySet:
        """The texts proposed of a contract itself, or of an amendment to it."""
        return self.filter(contract=contract_of(way), amendment=amendment_of(way))


class Proposal(models.Model):
    """One exact version, proposed to the agreement of the parties, until the text is to be written again.

    `changes_text` says, when the contract changed under the proposal, what changed: JSON, a list of
    {"object", "field", "before", "after"} as people read them; encrypted, like the version that it compares.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="proposals")
    amendment = models.ForeignKey(
        Amendment, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    version = models.OneToOneField(ContractVersion, on_delete=models.PROTECT, related_name="proposal")
    consolidated = models.OneToOneField(
        ContractVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="proposed_with"
    )
    """The whole contract as the amendment makes it; None for the text of a contract itself."""
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField("proposé le", default=timezone.now)
    ended_at = models.DateTimeField("repris le", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_how = models.CharField("repris parce que", max_length=20, choices=Ending.choices, blank=True)
    reason = models.CharField("raison", max_length=500, blank=True)
    changes_text = EncryptedTextField("ce qui a changé", blank=True, default="")

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        verbose_name = "texte proposé"
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(ended_at__isnull=True, amendment__isnull=True),
                name="proposal_once_standing_per_contract",
                violation_error_message="Un texte est déjà proposé.",
            ),
            models.UniqueConstraint(
                fields=["amendment"],
                condition=Q(ended_at__isnull=True),
                name="proposal_once_standing_per_amendment",
                violation_error_message="Un texte est déjà proposé.",
            ),
            models.CheckConstraint(
                name="proposal_of_amendment_consolidated",
                condition=Q(amendment__isnull=True, consolidated__isnull=True)
                | Q(amendment__isnull=False, consolidated__isnull=False),
                violation_error_message="Le texte d’un avenant se propose avec le contrat consolidé.",
            ),
            models.CheckConstraint(
                name="proposal_ended_with_author_and_reason",
                condition=Q(ended_at__isnull=True, ended_how="", ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_how=Ending.CHANGED)
                | (
                    Q(ended_at__isnull=False, ended_by__isnull=False)
                    & Q(ended_how__in=[Ending.SENT_BACK, Ending.REOPENED])
                    & ~Q(reason="")
                ),
                violation_error_message="Un texte est repris avec son auteur et sa raison.",
            ),
        ]

    def __str__(self) -> str:
        return f"Texte proposé : {self.version}"


class Agreement(models.Model):
    """A party's agreement to one exact version, given by somebody who may engage its institution (K4)."""

    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="agreements")
    party = models.ForeignKey(ContractParty, on_delete=models.PROTECT, related_name="agreements")
    version_hash = models.CharField("empreinte du texte agréé", max_length=64)
    institution = models.CharField("institution", max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("donné le", default=timezone.now)
    withdrawn_at = models.DateTimeField("retiré le", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_how = models.CharField("retiré parce que", max_length=20, choices=Ending.choices, blank=True)
    withdrawn_reason = models.CharField("raison", max_length=500, blank=True)

    objects = StandingQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "accord"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "party"],
                condition=Q(withdrawn_at__isnull=True),
                name="agreement_once_standing_per_party_and_version",
                violation_error_message="Cette partie a déjà donné son accord à ce texte.",
            ),
            models.CheckConstraint(
                name="agreement_withdrawn_with_author_and_reason",
                condition=Q(withdrawn_at__isnull=True, withdrawn_how="", withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_how=Ending.CHANGED)
                | (
                    Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & Q(withdrawn_how__in=[Ending.WITHDRAWN, Ending.SENT_BACK, Ending.REOPENED])
                    & ~Q(withdrawn_reason="")
                ),
                violation_error_message="Un accord se retire avec son auteur et sa raison.",
            ),
        ]

    def __str__(self) -> str:
        return f"Accord de {self.institution}, {self.version}"


class SigningWay(models.TextChoices):
    """How a party signed."""

    PAPER = "paper", "signature manuscrite constatée"
    ELECTRONIC = "electronic", "signature électronique"


class Signature(Withdrawable):
    """That a party has signed one exact version: on which day, how, who recorded it.

    A file that proves it refers to this row from its own side (`SignatureProof`).
    """

    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="signatures")
    party = models.ForeignKey(ContractParty, on_delete=models.PROTECT, related_name="signatures")
    signed_on = models.DateField("signé le")
    how = models.CharField("manière", max_length=20, choices=SigningWay.choices, default=SigningWay.PAPER)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistrée le", default=timezone.now)

    objects = StandingQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at", "pk"]
        verbose_name = "signature"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "party"],
                condition=Q(withdrawn_at__isnull=True),
                name="signature_once_standing_per_party_and_version",
                violation_error_message="La signature de cette partie est déjà enregistrée.",
            ),
            withdrawn_with_author_and_reason(
                "signature", "Une signature se retire avec son auteur et sa raison."
            ),
        ]

    def __str__(self) -> str:
        return f"Signature : {self.party}, {self.version}"
