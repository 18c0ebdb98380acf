"""An amendment to a contract in force: what it is about, why, and where it stands on its way (rule V1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import Territory
from contracts.models.contracts import Contract
from contracts.models.on_its_way import OnItsWay, way_constraints
from contracts.workflow import AMENDMENT_STATES, ContractState

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class AmendmentKind(models.TextChoices):
    """What an amendment was opened for."""

    ORDINARY = "ordinary", "Avenant"
    FINANCIAL = "financial", "Avenant financier annuel"


IS_OPEN = Q(abandoned_at__isnull=True) & ~Q(state=ContractState.IN_FORCE)
"""Neither in force nor abandoned: it is still being written, agreed to or signed."""


class AmendmentQuerySet(models.QuerySet["Amendment"]):
    """Which amendments exist for a person, and which of them are open."""

    def visible_to(self, user: User) -> AmendmentQuerySet:
        """Those of the contracts of the territories that `user` follows."""
        return self.filter(contract__territory__in=Territory.objects.visible_to(user))

    def open(self) -> AmendmentQuerySet:
        """Those that are neither in force nor abandoned: one a contract at most."""
        return self.filter(IS_OPEN)


class Amendment(OnItsWay):
    """A change to a contract in force. People edit the contract as usual: what differs is the amendment.

    The contract stays in force, and its last signed text is the law, until the amendment takes effect.
    `new_ends_on` is the day to which it moves the end of the contract: `Contract.ends_on` changes when the
    amendment takes effect. `abandoned_by` is None when the program closed it, at the end of the contract.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="amendments")
    number = models.PositiveIntegerField("numéro")
    kind = models.CharField(
        "nature", max_length=10, choices=AmendmentKind.choices, default=AmendmentKind.ORDINARY
    )
    year = models.PositiveIntegerField("exercice", null=True, blank=True)
    """The calendar year of a financial one."""
    state = models.CharField(
        "état", max_length=20, choices=ContractState.choices, default=ContractState.NEGOTIATION
    )
    object = models.CharField("objet", max_length=300)
    reason = models.CharField("motif", max_length=1000)
    planned_effect_on = models.DateField("prise d’effet prévue", null=True, blank=True)
    new_ends_on = models.DateField("nouvelle fin du contrat", null=True, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField("ouvert le", default=timezone.now)
    abandoned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    abandoned_at = models.DateTimeField("abandonné le", null=True, blank=True)
    abandoned_reason = models.CharField("raison de l’abandon", max_length=500, blank=True)

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = "avenant"
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="amendment_number_once_per_contract"),
            models.UniqueConstraint(
                fields=["contract"],
                condition=IS_OPEN,
                name="amendment_once_open_per_contract",
                violation_error_message="Un avenant est déjà ouvert sur ce contrat.",
            ),
            models.CheckConstraint(
                name="amendment_in_its_states",
                condition=Q(state__in=sorted(AMENDMENT_STATES)),
                violation_error_message="Un avenant n’a ni diagnostic ni fin.",
            ),
            models.CheckConstraint(
                name="amendment_says_what_and_why",
                condition=~Q(object="") & ~Q(reason=""),
                violation_error_message="Un avenant a un objet et un motif.",
            ),
            models.CheckConstraint(
                name="amendment_financial_has_its_year",
                condition=Q(kind=AmendmentKind.FINANCIAL, year__isnull=False)
                | Q(kind=AmendmentKind.ORDINARY, year__isnull=True),
                violation_error_message="Un avenant financier porte sur un exercice.",
            ),
            models.CheckConstraint(
                name="amendment_abandoned_with_its_reason",
                condition=Q(abandoned_at__isnull=True, abandoned_by__isnull=True, abandoned_reason="")
                | (Q(abandoned_at__isnull=False) & ~Q(abandoned_reason="")),
                violation_error_message="Un avenant s’abandonne avec une raison.",
            ),
            models.CheckConstraint(
                name="amendment_abandoned_never_in_force",
                condition=Q(abandoned_at__isnull=True)
                | (~Q(state=ContractState.IN_FORCE) & Q(signed_on__isnull=True)),
                violation_error_message="Un avenant signé ne s’abandonne pas.",
            ),
            *way_constraints("amendment", "avenant", "L’avenant"),
        ]

    def __str__(self) -> str:
        return f"Avenant n° {self.number}"

    @property
    def is_amendment(self) -> bool:
        return True

    @property
    def the_text(self) -> str:
        return f"L’avenant n° {self.number}"

    @property
    def is_abandoned(self) -> bool:
        return self.abandoned_at is not None

    @property
    def is_open(self) -> bool:
        """Neither in force nor abandoned."""
        return not self.is_abandoned and not self.is_in_force


Way = Contract | Amendment
"""What goes the way to signature."""


def way_of(contract: Contract) -> Way:
    """What is on its way to signature: the open amendment of `contract` if there is one, else itself."""
    return contract.open_amendment or contract


def contract_of(way: Way) -> Contract:
    """The contract of `way_of`."""
    return way.contract if isinstance(way, Amendment) else way


def amendment_of(way: Way) -> Amendment | None:
    """The amendment on its way; None when it is the contract itself."""
    return way if isinstance(way, Amendment) else None
