"""A campaign: the framework of one yearly wave of contracts, entirely data (rule C1).

Everything here is loaded from a campaign file by `contracts.actions.campaigns`; nothing is typed in a page.
`Campaign.spec` keeps the canonical content of that file, so that a later load can say what would change.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cdppe.accounts.models import InstitutionKind, Territory


class Campaign(models.Model):
    """One yearly wave: its period, reference year, catalogue, deadlines and model contract."""

    code = models.SlugField("code", max_length=20, unique=True)
    year = models.PositiveSmallIntegerField("année")
    title = models.CharField("intitulé", max_length=200)
    period_start = models.PositiveSmallIntegerField("première année")
    period_end = models.PositiveSmallIntegerField("dernière année")
    reference_year = models.PositiveSmallIntegerField("année de référence (T0)")
    reference = models.CharField("texte de référence", max_length=300)
    planned_effect_on = models.DateField("prise d’effet prévue (jour J)", null=True, blank=True)
    optional_minimum = models.PositiveSmallIntegerField("objectifs facultatifs, au moins", default=0)
    optional_maximum = models.PositiveSmallIntegerField("objectifs facultatifs, au plus")
    own_objective_maximum = models.PositiveSmallIntegerField("objectifs propres, au plus", default=0)
    own_objective_label = models.CharField("objectif propre au territoire", max_length=500, blank=True)
    assumptions = models.JSONField("lectures qui sont les nôtres", default=list, blank=True)
    territories = models.ManyToManyField(
        Territory, related_name="campaigns", verbose_name="territoires", blank=True
    )
    extended_until = models.DateField("fin prolongée par la DGCS", null=True, blank=True)
    """The last day once the ministry put it off (`CampaignExtension`); None while the file's own holds."""
    spec = models.JSONField("contenu du fichier de campagne")
    loaded_at = models.DateTimeField("chargée le")

    class Meta:
        ordering = ["-year", "code"]
        verbose_name = "campagne"
        constraints = [
            models.CheckConstraint(
                name="campaign_period_in_order", condition=Q(period_end__gte=models.F("period_start"))
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def years(self) -> list[int]:
        """The calendar years of the contracts, in order, up to the last day even when it was put off."""
        return list(range(self.period_start, self.last_day.year + 1))

    @property
    def last_day(self) -> dt.date:
        """The last day of a contract: 31 December of the period, or later once it was put off (C1)."""
        return self.extended_until or dt.date(self.period_end, 12, 31)

    @property
    def period(self) -> str:
        """The period as the contract writes it: first and last year joined by a hyphen."""
        return f"{self.period_start}-{self.period_end}"


class CampaignExtension(models.Model):
    """That the ministry put off the last day of a campaign, and of its contracts with it (rule C1)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="extensions")
    former_ends_on = models.DateField("ancienne fin")
    ends_on = models.DateField("nouvelle fin")
    reason = models.CharField("raison", max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("enregistrée le", default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "prolongation de campagne"
        verbose_name_plural = "prolongations de campagne"
        constraints = [
            models.CheckConstraint(
                name="campaign_extension_later_with_a_reason",
                condition=Q(ends_on__gt=F("former_ends_on")) & ~Q(reason=""),
                violation_error_message="Une prolongation donne une date plus tardive, et sa raison.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} : fin portée au {self.ends_on:%d/%m/%Y}"


class Commitment(models.Model):
    """An *engagement* of the strategy, under which the objectives stand (rule O1)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="commitments")
    code = models.CharField("code", max_length=20)
    label = models.CharField("libellé court", max_length=60)
    title = models.CharField("intitulé", max_length=300)
    dashboard_label = models.CharField("intitulé dans le tableau de bord", max_length=300)
    is_transverse = models.BooleanField("transverse", default=False)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "engagement"
        constraints = [models.UniqueConstraint(fields=["campaign", "code"], name="commitment_code_once")]

    def __str__(self) -> str:
        return f"{self.label} : {self.title}"


class Measure(models.Model):
    """A *mesure* of the strategy, by which annexe 5.2 groups the objectives (rule O1)."""

    commitment = models.ForeignKey(Commitment, on_delete=models.CASCADE, related_name="measures")
    code = models.CharField("code", max_length=40)
    title = models.CharField("intitulé", max_length=300)
    plan_title = models.CharField("intitulé dans le plan d’action", max_length=300)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "mesure"
        constraints = [models.UniqueConstraint(fields=["commitment", "code"], name="measure_code_once")]

    def __str__(self) -> str:
        return self.title


class ObjectiveQuerySet(models.QuerySet["Objective"]):
    """The objectives of the catalogue, by what the campaign says of them (O1, O2)."""

    def fundamental(self) -> ObjectiveQuerySet:
        """The objectives that every contract of the campaign carries (rule O2)."""
        return self.filter(is_fundamental=True)

    def optional(self) -> ObjectiveQuerySet:
        """The objectives among which a territory chooses (rule O2)."""
        return self.filter(is_fundamental=False)


class Objective(models.Model):
    """One national objective of the campaign's catalogue, with what the circular demands of it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="objectives")
    measure = models.ForeignKey(Measure, on_delete=models.CASCADE, related_name="objectives")
    number = models.PositiveSmallIntegerField("numéro")
    title = models.CharField("intitulé", max_length=500)
    dashboard_title = models.CharField("intitulé dans le tableau de bord", max_length=500)
    plan_title = models.CharField("intitulé dans le plan d’action", max_length=500)
    is_fundamental = models.BooleanField("fondamental")
    plan_source = models.CharField("source dans le plan d’action", max_length=40, blank=True)
    sheet_demands = models.JSONField("fiches action demandées", default=list, blank=True)
    requires_numeric_target = models.BooleanField("cible chiffrée exigée", default=False)
    requires_harmonised_indicator = models.BooleanField("indicateur harmonisé exigé", default=False)
    forbids_purely_quantitative_target = models.BooleanField(
        "pas de cible purement quantitative", default=False
    )
    action_statements = models.JSONField("mentions exigées des actions", default=list, blank=True)
    technical_advice = models.TextField("avis technique", blank=True)
    note = models.TextField("note", blank=True)
    is_assumption = models.BooleanField("lecture qui est la nôtre", default=False)

    objects = ObjectiveQuerySet.as_manager()

    class Meta:
        ordering = ["measure__commitment__position", "measure__position", "number"]
        verbose_name = "objectif"
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="objective_number_once")]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"


class SheetTemplate(models.Model):
    """A sheet that the text demands (rule O5), or whose statements it fixes (O6), ready to be written.

    `code` is unique in the campaign and stays: sheets store it (`ActionSheet.answers_demand`). `demand` is
    the text that asks for the sheet, empty where only the statements of every action are fixed. `texts` is
    {field of a sheet: skeleton}, whose blanks read « [À compléter : …] ».
    """

    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="sheet_templates")
    code = models.SlugField("code", max_length=60)
    demand = models.TextField("ce que demande le texte", blank=True)
    title = models.CharField("intitulé proposé", max_length=300)
    texts = models.JSONField("trame", default=dict)
    source = models.CharField("source", max_length=300)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "trame de fiche action"
        verbose_name_plural = "trames de fiche action"
        constraints = [
            models.UniqueConstraint(fields=["objective", "code"], name="sheet_template_code_once"),
        ]

    def __str__(self) -> str:
        return self.title


class Deadline(models.Model):
    """A national deadline of the campaign, and whose turn it is (rules C2, C5)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="deadlines")
    code = models.CharField("code", max_length=60)
    label = models.CharField("intitulé", max_length=300)
    due_on = models.DateField("échéance")
    exercise = models.PositiveSmallIntegerField("exercice", null=True, blank=True)
    parties = models.JSONField("institutions concernées", default=list)
    description = models.TextField("précisions", blank=True)

    class Meta:
        ordering = ["due_on", "code"]
        verbose_name = "échéance"
        constraints = [models.UniqueConstraint(fields=["campaign", "code"], name="deadline_code_once")]

    def __str__(self) -> str:
        return f"{self.label} ({self.due_on:%d/%m/%Y})"


class RetroplanningStep(models.Model):
    """A step of annexe 3.2, so many days before the date of effect; undated without a number (rule C3)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="retroplanning_steps")
    code = models.CharField("code", max_length=60)
    label = models.CharField("étape", max_length=200)
    description = models.TextField("précisions", blank=True)
    days_before = models.PositiveSmallIntegerField("jours avant le jour J", null=True, blank=True)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "étape du rétroplanning"
        constraints = [models.UniqueConstraint(fields=["campaign", "code"], name="retroplanning_code_once")]

    def __str__(self) -> str:
        return self.label


class Signatory(models.Model):
    """A signature block of the model contract; some only above a threshold (rule K1)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="signatories")
    code = models.CharField("code", max_length=40)
    institution_kind = models.CharField(
        "nature de l’institution", max_length=30, choices=InstitutionKind.choices, blank=True
    )
    party_label = models.CharField("nom dans le contrat", max_length=120, blank=True)
    signature_label = models.CharField("bloc de signature", max_length=300)
    is_optional = models.BooleanField("selon le cas", default=False)
    condition = models.CharField("condition", max_length=300, blank=True)
    position = models.PositiveSmallIntegerField("rang")

    class Meta:
        ordering = ["position"]
        verbose_name = "signataire"
        constraints = [models.UniqueConstraint(fields=["campaign", "code"], name="signatory_code_once")]

    def __str__(self) -> str:
        return self.party_label or self.signature_label


class ContractModel(models.Model):
    """The model contract's text as blocks with named blanks ⟦like_this⟧ (annexe 5.1, rule K1)."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="contract_model")
    version = models.CharField("version", max_length=40)
    title = models.CharField("titre", max_length=200)
    blanks = models.JSONField("blancs nommés")
    blocks = models.JSONField("texte")

    class Meta:
        verbose_name = "contrat-type"

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"
