"""The institutions around a contract (rule P1), each tied to a territory, a region or the nation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from cdppe.accounts.models.territories import Region, Territory

if TYPE_CHECKING:
    from cdppe.accounts.models.people import User


class InstitutionKind(models.TextChoices):
    """The parties of a contract, and those who follow it (rule P1)."""

    PREFECTURE = "prefecture", "Préfecture"
    ARS = "ars", "Agence régionale de santé"
    COUNCIL = "council", "Conseil départemental"
    REGIONAL_DIRECTORATE = "regional_directorate", "Direction régionale"
    DGCS = "dgcs", "Direction générale de la cohésion sociale"
    DGS = "dgs", "Direction générale de la santé"


class InstitutionScope(models.TextChoices):
    """What an institution is tied to: one territory, one region or the nation."""

    TERRITORY = "territory", "Territoire"
    REGION = "region", "Région"
    NATION = "nation", "France entière"


SCOPE_OF_KIND: dict[str, InstitutionScope] = {
    InstitutionKind.PREFECTURE: InstitutionScope.TERRITORY,
    InstitutionKind.COUNCIL: InstitutionScope.TERRITORY,
    InstitutionKind.ARS: InstitutionScope.REGION,
    InstitutionKind.REGIONAL_DIRECTORATE: InstitutionScope.REGION,
    InstitutionKind.DGCS: InstitutionScope.NATION,
    InstitutionKind.DGS: InstitutionScope.NATION,
}


def _kinds(scope: InstitutionScope) -> list[str]:
    return [kind for kind, of in SCOPE_OF_KIND.items() if of == scope]


class InstitutionQuerySet(models.QuerySet["Institution"]):
    """Which institutions exist for a person."""

    def visible_to(self, user: User) -> InstitutionQuerySet:
        """The institutions that `user` belongs to: only its members see who its members are."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(memberships__user=user)


class Institution(models.Model):
    """A prefecture or council (of a territory), an ARS or regional directorate (of a region), DGCS or DGS."""

    kind = models.CharField("nature", max_length=30, choices=InstitutionKind.choices)
    name = models.CharField("nom", max_length=160, unique=True)
    territory = models.ForeignKey(
        Territory,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="institutions",
        verbose_name="territoire",
    )
    region = models.ForeignKey(
        Region,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="institutions",
        verbose_name="région",
    )

    objects = InstitutionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "institution"
        constraints = [
            models.CheckConstraint(
                name="institution_tied_to_its_scope",
                condition=(
                    Q(
                        kind__in=_kinds(InstitutionScope.TERRITORY),
                        territory__isnull=False,
                        region__isnull=True,
                    )
                    | Q(
                        kind__in=_kinds(InstitutionScope.REGION), territory__isnull=True, region__isnull=False
                    )
                    | Q(kind__in=_kinds(InstitutionScope.NATION), territory__isnull=True, region__isnull=True)
                ),
                violation_error_message=(
                    "Une préfecture ou un conseil départemental est rattaché à un territoire, une ARS ou une "
                    "direction régionale à une région, une direction d’administration centrale à rien."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> InstitutionScope:
        """Territory, region or nation."""
        return SCOPE_OF_KIND[self.kind]
