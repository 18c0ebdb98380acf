"""Runs of the allocation and the amounts notified to the territories (rules F5-F9, M1)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import Territory
from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from funding.models.criteria import FigureStatus
from funding.models.envelopes import Envelope

if TYPE_CHECKING:
    from cdppe.accounts.models import User


BOUNDS = [("floor", "Plancher"), ("ceiling", "Plafond")]


class AllocationRun(models.Model):
    """One computation for one envelope and year, with every input it used, so that it can be redone.

    `amount` is the envelope shared. `freed` is what the modulations took (rule F9); of it, `reserve` is given
    to nobody, and the rest was shared again with `second_factor` ("" when nothing was).
    """

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="runs")
    year = models.PositiveSmallIntegerField("année")
    amount = models.DecimalField("montant réparti", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    inputs = models.JSONField("entrées : poids, bornes, unité, éditions, valeurs")
    factor = models.TextField("facteur commun, en fraction")
    freed = models.DecimalField(
        "montant libéré", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=Decimal(0)
    )
    reserve = models.DecimalField(
        "montant gardé en réserve", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=Decimal(0)
    )
    second_factor = models.TextField("facteur commun du nouveau partage, en fraction", blank=True, default="")
    scenario = models.ForeignKey(
        "funding.Scenario",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        verbose_name="scénario",
    )
    weakest_status = models.CharField("statut le moins sûr", max_length=10, choices=FigureStatus.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="allocation_runs",
    )
    created_at = models.DateTimeField("calculée le", default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "répartition"
        constraints = [
            models.CheckConstraint(
                name="allocation_run_reserve_is_freed",
                condition=Q(reserve__gte=0) & Q(reserve__lte=models.F("freed")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.envelope.label} {self.year}, calculée le {self.created_at:%d/%m/%Y}"

    @property
    def distributed(self) -> Decimal:
        """What the territories have together: the envelope less the reserve."""
        return self.amount - self.reserve

    @property
    def reshared(self) -> Decimal:
        """What was freed and shared again."""
        return self.freed - self.reserve

    @property
    def is_modulated(self) -> bool:
        """Whether some territory was modulated (rule F9)."""
        return bool(self.inputs.get("modulations"))


class AllocationLine(models.Model):
    """What one territory receives in a run, and why.

    `key` to `exact` are those of the allocation. In a run with modulations (rule F9), `allocated` is what the
    allocation gave, `modulation` what was asked of this territory ({} for the others), `exact_after` and
    `bound_after` lead to `amount`; without any, `allocated` is empty and `amount` is the allocation's.
    """

    run = models.ForeignKey(AllocationRun, on_delete=models.CASCADE, related_name="lines")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="allocation_lines")
    key = models.TextField("clé, en fraction")
    contributions = models.JSONField("valeur, part, poids et apport de chaque critère")
    proportional = models.TextField("montant proportionnel, en fraction")
    bound = models.CharField("borne", max_length=10, blank=True, choices=BOUNDS)
    exact = models.TextField("montant exact, en fraction")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    allocated = models.DecimalField(
        "montant avant modulation",
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
    )
    modulation = models.JSONField("modulation : nature, valeur et motif", default=dict, blank=True)
    exact_after = models.TextField("montant exact après modulation, en fraction", blank=True, default="")
    bound_after = models.CharField(
        "borne après modulation", max_length=10, blank=True, default="", choices=BOUNDS
    )

    class Meta:
        ordering = ["territory__code"]
        verbose_name = "ligne de répartition"
        constraints = [
            models.UniqueConstraint(fields=["run", "territory"], name="allocation_line_once_per_territory")
        ]

    def __str__(self) -> str:
        return f"{self.territory} : {self.amount}"

    @property
    def before(self) -> Decimal:
        """What the allocation gave, before any modulation."""
        return self.amount if self.allocated is None else self.allocated

    @property
    def final_bound(self) -> str:
        """The bound that holds the amount in the end; a modulated one is held by nothing."""
        return self.bound if self.allocated is None else self.bound_after

    @property
    def final_bound_label(self) -> str:
        """The same as people read it; that the amount is modulated comes first."""
        if self.modulation:
            return "Modulé"
        return dict(BOUNDS).get(self.final_bound, "")


class NotifiedAmountQuerySet(models.QuerySet["NotifiedAmount"]):
    """Which notified amounts exist for a person."""

    def visible_to(self, user: User) -> NotifiedAmountQuerySet:
        """The amounts of the territories that `user` follows."""
        return self.filter(territory__in=Territory.objects.visible_to(user))


class NotifiedAmount(models.Model):
    """What a territory has of an envelope for a year, from a run or from a document (rules F8, M1)."""

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="notified_amounts")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="notified_amounts")
    year = models.PositiveSmallIntegerField("année")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    run = models.ForeignKey(
        AllocationRun, on_delete=models.PROTECT, null=True, blank=True, related_name="notified_amounts"
    )
    source = models.CharField("origine", max_length=300, blank=True)
    publication = models.ForeignKey(
        "funding.Publication",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notified_amounts",
        verbose_name="publication",
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField("notifié le", default=timezone.now)

    objects = NotifiedAmountQuerySet.as_manager()

    class Meta:
        ordering = ["year", "envelope__position"]
        verbose_name = "montant notifié"
        constraints = [
            models.UniqueConstraint(
                fields=["envelope", "territory", "year"], name="notified_once_per_envelope_territory_year"
            ),
            models.CheckConstraint(name="notified_amount_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="notified_amount_says_where_from", condition=Q(run__isnull=False) | ~Q(source="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory} – {self.envelope.code} {self.year} : {self.amount}"
