"""People, their membership of institutions, and the invitations by which they join.

A view never checks a password: Django's authentication backends do, so that ProConnect and a second
factor can be added as backends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from cdppe.accounts.models.institutions import Institution, InstitutionScope


@dataclass(frozen=True)
class Reach:
    """Which territories a person's institutions follow (see `TerritoryQuerySet.visible_to`)."""

    territory_ids: frozenset[int]
    region_ids: frozenset[int]
    is_national: bool


class UserManager(BaseUserManager["User"]):
    """Accounts are known by their e-mail, compared without case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new account; without a password nobody can sign in to it until one is set."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A technical administrator (the admin site); sees no contract for all that."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=(username or "").strip())


class User(AbstractBaseUser, PermissionsMixin):
    """A person; what they may see and do follows from their memberships."""

    email = models.EmailField("adresse électronique", unique=True)
    first_name = models.CharField("prénom", max_length=80, blank=True)
    last_name = models.CharField("nom", max_length=80, blank=True)
    phone = models.CharField("téléphone", max_length=30, blank=True)
    is_active = models.BooleanField("compte actif", default=True)
    is_staff = models.BooleanField("accès à l’administration technique", default=False)
    date_joined = models.DateTimeField("créé le", default=timezone.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        ordering = ["last_name", "first_name", "email"]
        verbose_name = "personne"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_without_case",
                violation_error_message="Un compte existe déjà avec cette adresse électronique.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email

    @cached_property
    def current_memberships(self) -> list[Membership]:
        """The person's memberships with their institutions: one query a request."""
        return list(self.memberships.select_related("institution__territory", "institution__region"))

    @cached_property
    def reach(self) -> Reach:
        """The territories, regions or country that the person's institutions follow."""
        institutions = [membership.institution for membership in self.current_memberships]
        return Reach(
            territory_ids=frozenset(i.territory_id for i in institutions if i.territory_id is not None),
            region_ids=frozenset(i.region_id for i in institutions if i.region_id is not None),
            is_national=any(i.scope == InstitutionScope.NATION for i in institutions),
        )


class Role(models.TextChoices):
    """What a person is in an institution; the table of abilities gives each role its gestures."""

    READER = "reader", "Lecture"
    EDITOR = "editor", "Rédaction"
    SIGNATORY = "signatory", "Signature"


class Membership(models.Model):
    """One person in one institution, with one role there; an administrator invites others."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name="personne"
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.CASCADE, related_name="memberships", verbose_name="institution"
    )
    role = models.CharField("rôle", max_length=20, choices=Role.choices)
    is_administrator = models.BooleanField("administre l’institution", default=False)

    class Meta:
        ordering = ["institution", "user"]
        verbose_name = "appartenance"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "institution"],
                name="membership_once_per_institution",
                violation_error_message="Cette personne fait déjà partie de l’institution.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.institution} ({self.get_role_display()})"


class Invitation(models.Model):
    """An e-mail asked to join an institution; the link's secret is kept only as a hash."""

    institution = models.ForeignKey(
        Institution, on_delete=models.CASCADE, related_name="invitations", verbose_name="institution"
    )
    email = models.EmailField("adresse électronique")
    role = models.CharField("rôle", max_length=20, choices=Role.choices)
    is_administrator = models.BooleanField("administrera l’institution", default=False)
    token_hash = models.CharField("empreinte du lien", max_length=64, unique=True)
    invited_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="invitations_sent", verbose_name="invité par"
    )
    created_at = models.DateTimeField("envoyée le", default=timezone.now)
    expires_at = models.DateTimeField("expire le")
    accepted_at = models.DateTimeField("acceptée le", null=True, blank=True)
    accepted_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invitations_accepted",
        verbose_name="acceptée par",
    )

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "invitation"
        constraints = [
            models.CheckConstraint(
                name="invitation_accepted_by_somebody",
                condition=models.Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} – {self.institution}"
