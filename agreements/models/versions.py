"""A contract frozen at a moment: what was sent, or what the parties agree to and sign (rules K4, K5)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone

from agreements.content import Entry, fingerprint_of, read_content
from cdppe.accounts.models import Territory
from cdppe.lib.encryption import EncryptedTextField
from contracts.models import Contract

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class VersionPurpose(models.TextChoices):
    """What a version was taken for."""

    TRANSMISSION = "transmission", "Transmission à la DGCS"
    AGREEMENT = "agreement", "Accord des parties"
    CONSOLIDATED = "consolidated", "Version consolidée"


class FrozenVersion(TypeError):
    """A version was about to be changed or deleted: a mistake of the program, never of a person."""


class ContractVersionQuerySet(models.QuerySet["ContractVersion"]):
    """Which versions exist for a person; they are made and read, nothing else."""

    def visible_to(self, user: User) -> ContractVersionQuerySet:
        """The versions of the contracts of the territories that `user` follows."""
        return self.filter(contract__territory__in=Territory.objects.visible_to(user))

    def without_texts(self) -> ContractVersionQuerySet:
        """For lists: the whole text and the layout of each version stay in the database."""
        return self.defer("content_text", "html")

    def update(self, **kwargs: Any) -> NoReturn:
        raise FrozenVersion("a version never changes")

    def delete(self) -> NoReturn:
        raise FrozenVersion("a version is never deleted")


class ContractVersion(models.Model):
    """The whole of a contract as it stood when it was taken: its data, its annexes, its laid out document.

    The row is written once. `content_text` (what the contract says, entry by entry) and `html` (the document
    as it was laid out, from which the PDF is made) hold the bank account, hence encrypted. The PDF comes
    afterwards, in the background, from `html` alone.
    """

    uid = models.UUIDField("identifiant public", default=uuid.uuid4, unique=True, editable=False)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField("numéro")
    purpose = models.CharField("prise pour", max_length=20, choices=VersionPurpose.choices)
    label = models.CharField("intitulé", max_length=200)
    taken_at = models.DateTimeField("prise le", default=timezone.now)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    contract_state = models.CharField("état du contrat", max_length=20)
    model_version = models.CharField("version du contrat-type", max_length=60)
    title = models.CharField("titre du document", max_length=300)
    is_draft = models.BooleanField("porte la mention « Projet »")
    content_text = EncryptedTextField("contenu")
    html = EncryptedTextField("document mis en page")
    content_hash = models.CharField("empreinte de ce qui est signé", max_length=64)
    """Over what the parties agree to: the contacts, which change with people, are left out."""
    html_hash = models.CharField("empreinte du document", max_length=64)
    hash = models.CharField("empreinte", max_length=64, db_index=True)
    """SHA-256, in hexadecimal, over the whole content, the layout and which version it is: `version_hash`."""

    objects = ContractVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = "version du contrat"
        verbose_name_plural = "versions du contrat"
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="version_number_once_per_contract"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number} du contrat {self.contract.reference}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise FrozenVersion("a version never changes")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise FrozenVersion("a version is never deleted")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the contract said, in the order of its parts."""
        return read_content(json.loads(self.content_text))

    @property
    def fingerprint(self) -> str:
        """The beginning of the hash, as people compare it: "3fa4 09bc 11d2 77e0"."""
        return fingerprint_of(self.hash)
