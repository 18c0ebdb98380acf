"""The contacts of a contract: the one or two people that each of its institutions names (rule P2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from cdppe.accounts.models import Institution
from contracts.models.contracts import Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User

CONTACTS_AT_MOST = 2


class ContactQuerySet(models.QuerySet["Contact"]):
    """Which contacts exist for a person."""

    def visible_to(self, user: User) -> ContactQuerySet:
        """Those of the contracts that `user` sees: personal data, for nobody else."""
        return self.filter(contract__in=Contract.objects.visible_to(user))

    def current(self) -> ContactQuerySet:
        """Those who have not left."""
        return self.filter(left_on__isnull=True)


class Contact(models.Model):
    """Somebody whom an institution names for one contract, with e-mail and telephone (circ. I-B, rule P2).

    One who leaves stays, with the date and whoever follows: what they wrote keeps their name. `seat` is 1 or
    2 among the institution's current contacts, so that the database itself refuses a third.
    """

    contract = models.ForeignKey(
        Contract, on_delete=models.CASCADE, related_name="contacts", verbose_name="contrat"
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="contacts", verbose_name="institution"
    )
    seat = models.PositiveSmallIntegerField("place")
    name = models.CharField("prénom et nom", max_length=160)
    position = models.CharField("fonction", max_length=200, blank=True)
    email = models.EmailField("adresse électronique")
    phone = models.CharField("téléphone", max_length=40)
    joined_on = models.DateField("depuis le", default=timezone.localdate)
    left_on = models.DateField("jusqu’au", null=True, blank=True)
    successor = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessor",
        verbose_name="remplacé par",
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="nommé par",
    )
    version = models.PositiveIntegerField("version", default=1)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["institution", "seat", "-left_on", "pk"]
        verbose_name = "contact"
        constraints = [
            models.CheckConstraint(
                name="contact_first_or_second",
                condition=Q(seat__gte=1, seat__lte=CONTACTS_AT_MOST),
                violation_error_message="Une institution a deux contacts au plus.",
            ),
            models.UniqueConstraint(
                fields=["contract", "institution", "seat"],
                condition=Q(left_on__isnull=True),
                name="contact_seat_once_per_institution",
                violation_error_message="Une institution a deux contacts au plus.",
            ),
            models.UniqueConstraint(
                "contract",
                "institution",
                Lower("email"),
                condition=Q(left_on__isnull=True),
                name="contact_email_once_per_institution",
                violation_error_message="Cette adresse est déjà celle d’un contact de l’institution.",
            ),
            models.CheckConstraint(
                name="contact_leaves_after_joining",
                condition=Q(left_on__isnull=True) | Q(left_on__gte=F("joined_on")),
                violation_error_message="La date de départ ne précède pas celle d’arrivée.",
            ),
            models.CheckConstraint(
                name="contact_followed_once_gone",
                condition=Q(successor__isnull=True) | Q(left_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_current(self) -> bool:
        return self.left_on is None
