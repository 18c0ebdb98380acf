"""Indicators of the tableau de bord (annexe 5.2; rules I1, I3-I6): harmonised ones and a contract's own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from contracts.models import Campaign, Commitment, Contract, ContractObjective, Objective


class IndicatorKind(models.TextChoices):
    """What a row holds: a figure that is typed, a share computed from two rows (rule I3), or nothing."""

    COUNT = "count", "Nombre"
    SHARE = "share", "Part calculée"
    DURATION = "duration", "Délai"
    HEADING = "heading", "Intitulé sans valeur"


class Periodicity(models.TextChoices):
    """How often an indicator is returned (rule I5)."""

    ANNUAL = "annual", "Annuelle"
    HALF_YEARLY = "half_yearly", "Semestrielle"


class Indicator(models.Model):
    """A row of the tableau de bord.

    Harmonised (of the campaign's file) when `contract` is empty, local otherwise. A share is computed from
    `numerator` and `denominator`, never typed (rule I3). Rows of one `twin` group are the same fact counted
    by two sources (rule I4). A row with a `parent` is one of its "dont". A row that is the `same_as` another
    shows that one's figures in every contract that has both: each figure is typed once (annexe 5.2 prints
    some twice, under two objectives).
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="indicators")
    contract = models.ForeignKey(
        Contract, on_delete=models.CASCADE, null=True, blank=True, related_name="local_indicators"
    )
    contract_objective = models.ForeignKey(
        ContractObjective, on_delete=models.PROTECT, null=True, blank=True, related_name="local_indicators"
    )
    objective = models.ForeignKey(
        Objective, on_delete=models.CASCADE, null=True, blank=True, related_name="indicators"
    )
    commitment = models.ForeignKey(
        Commitment, on_delete=models.CASCADE, null=True, blank=True, related_name="indicators"
    )
    code = models.SlugField("code", max_length=80)
    label = models.CharField("intitulé", max_length=500)
    short_label = models.CharField("intitulé court", max_length=120, blank=True)
    unit = models.CharField("unité", max_length=40)
    kind = models.CharField("nature", max_length=10, choices=IndicatorKind.choices)
    source = models.CharField("source", max_length=120, blank=True)
    periodicity = models.CharField(
        "périodicité", max_length=20, choices=Periodicity.choices, default=Periodicity.ANNUAL
    )
    numerator = models.ForeignKey("self", on_delete=models.RESTRICT, null=True, blank=True, related_name="+")
    denominator = models.ForeignKey(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    twin = models.CharField("groupe de sources jumelles", max_length=60, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="sub_rows"
    )
    same_as = models.ForeignKey(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="repeated_as"
    )
    has_target = models.BooleanField("avec cible", default=True)
    note = models.TextField("note", blank=True)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = "indicateur"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "code"],
                name="harmonised_indicator_code_once",
                condition=Q(contract__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["contract", "code"],
                name="local_indicator_code_once",
                condition=Q(contract__isnull=False),
            ),
            models.CheckConstraint(
                name="indicator_share_has_its_formula",
                condition=Q(kind="share", numerator__isnull=False, denominator__isnull=False)
                | (~Q(kind="share") & Q(numerator__isnull=True, denominator__isnull=True)),
            ),
            models.CheckConstraint(
                name="indicator_local_has_its_objective",
                condition=Q(contract__isnull=True, contract_objective__isnull=True)
                | Q(contract__isnull=False, contract_objective__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class NationalTarget(models.Model):
    """What the nation aims at for an objective (rule I8); shares are fractions of 1."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="national_targets")
    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="national_targets")
    indicator = models.ForeignKey(
        Indicator, on_delete=models.CASCADE, null=True, blank=True, related_name="national_targets"
    )
    year = models.PositiveSmallIntegerField("année")
    text = models.CharField("cible nationale", max_length=400)
    minimum = models.DecimalField("au moins", max_digits=12, decimal_places=4, null=True, blank=True)
    maximum = models.DecimalField("au plus", max_digits=12, decimal_places=4, null=True, blank=True)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "cible nationale"

    def __str__(self) -> str:
        return self.text
