"""Regions, departments and the territories that sign contracts.

A *department* is a statistical unit: the criteria of the allocation are published for it. A *territory* is
what signs a contract: most often one department, but Corsica is one territory of two departments (rule P4)
and a collectivity such as Saint-Martin is a territory without a department.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from cdppe.accounts.models.people import User


class Region(models.Model):
    """A region of France; it has one ARS."""

    code = models.CharField("code", max_length=3, unique=True)
    name = models.CharField("nom", max_length=80)
    ars_name = models.CharField("agence régionale de santé", max_length=120)

    class Meta:
        ordering = ["name"]
        verbose_name = "région"

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    """One of the 101 departments, as INSEE and DREES count them."""

    code = models.CharField("code", max_length=3, unique=True)
    name = models.CharField("nom", max_length=80)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="departments", verbose_name="région"
    )
    prefecture_seat = models.CharField("chef-lieu", max_length=80)
    ars_name = models.CharField("agence régionale de santé", max_length=120)
    court = models.CharField("tribunal administratif", max_length=120)
    court_seat = models.CharField("siège du tribunal", max_length=80)
    collectivity = models.CharField("collectivité", max_length=120)
    collectivity_kind = models.CharField("nature de la collectivité", max_length=80)

    class Meta:
        ordering = ["code"]
        verbose_name = "département"

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class TerritoryKind(models.TextChoices):
    """What stands in the place of a department: itself, or a collectivity."""

    DEPARTMENT = "department", "Département"
    COLLECTIVITY = "collectivity", "Collectivité à statut particulier"


class TerritoryQuerySet(models.QuerySet["Territory"]):
    """Which territories exist for a person."""

    def visible_to(self, user: User) -> TerritoryQuerySet:
        """The territories that `user` follows: their institutions', their region's, or all of them.

        One rule for every page: an institution of a territory sees that territory, a regional one (ARS,
        regional directorate) every territory of its region, a national one (DGCS, DGS) the country.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        reach = user.reach
        if reach.is_national:
            return self
        return self.filter(Q(pk__in=reach.territory_ids) | Q(region_id__in=reach.region_ids))


class Territory(models.Model):
    """What signs a contract: a department, or a collectivity that stands in its place."""

    code = models.CharField("code", max_length=5, unique=True)
    name = models.CharField("nom", max_length=80)
    of_name = models.CharField(
        "nom précédé de « de »", max_length=90, help_text="ce qui suit « le département » dans une phrase"
    )
    kind = models.CharField("nature", max_length=20, choices=TerritoryKind.choices)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="territories", verbose_name="région"
    )
    ars_name = models.CharField("agence régionale de santé", max_length=120)
    prefecture_seat = models.CharField("chef-lieu", max_length=80)
    court = models.CharField("tribunal administratif", max_length=120)
    court_seat = models.CharField("siège du tribunal", max_length=80)
    collectivity = models.CharField("collectivité", max_length=120)
    collectivity_kind = models.CharField("nature de la collectivité", max_length=80)
    holiday_calendar = models.CharField(
        "calendrier des jours fériés",
        max_length=10,
        blank=True,
        help_text="celui du paquet holidays pour la France ; vide : le calendrier national",
    )
    departments = models.ManyToManyField(
        Department, related_name="territories", verbose_name="départements", blank=True
    )

    objects = TerritoryQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = "territoire"

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"
