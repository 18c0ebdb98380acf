"""Publications: how the amounts of a year became the notified ones, by whom, and what they replaced (F8).

`NotifiedAmount` is what holds today; a publication keeps what it stated, also once it is replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cdppe.accounts.models import Territory
from cdppe.lib.money import DECIMAL_PLACES, MAX_DIGITS
from contracts.models import Campaign
from funding.models.allocation import AllocationRun
from funding.models.envelopes import Envelope

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Publication(models.Model):
    """The gesture that made the amounts of some runs the notified ones of a year.

    One that replaces others says why; those that it replaces point to it and stay as they were.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="publications")
    year = models.PositiveSmallIntegerField("année")
    runs = models.ManyToManyField(
        AllocationRun, related_name="publications", verbose_name="répartitions", blank=True
    )
    reason = models.TextField("motif", blank=True)
    is_replacement = models.BooleanField("remplace une publication", default=False)
    replaced_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaces",
        verbose_name="remplacée par",
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField("publiée le", default=timezone.now)

    amounts: RelatedManager[PublishedAmount]

    class Meta:
        ordering = ["-published_at", "-pk"]
        verbose_name = "publication"
        constraints = [
            models.CheckConstraint(
                name="publication_that_replaces_says_why",
                condition=Q(is_replacement=False) | ~Q(reason=""),
                violation_error_message="Une publication qui en remplace une autre dit pourquoi.",
            ),
            models.CheckConstraint(
                name="publication_not_replaced_by_itself",
                condition=Q(replaced_by__isnull=True) | ~Q(replaced_by=F("pk")),
            ),
        ]

    def __str__(self) -> str:
        return f"Publication {self.year} du {timezone.localtime(self.published_at):%d/%m/%Y à %H h %M}"


class PublishedAmount(models.Model):
    """What a publication stated for one territory and envelope; never changed."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="amounts")
    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="published_amounts")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="published_amounts")
    amount = models.DecimalField("montant", max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    run = models.ForeignKey(AllocationRun, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField("origine", max_length=300, blank=True)

    class Meta:
        ordering = ["territory__code", "envelope__position"]
        verbose_name = "montant publié"
        verbose_name_plural = "montants publiés"
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "envelope", "territory"], name="published_once_per_publication"
            ),
            models.CheckConstraint(name="published_amount_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.territory} – {self.envelope.code} : {self.amount}"
