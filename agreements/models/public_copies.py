"""The public version of a signed contract, put online by a gesture of its parties (rules K6, N2)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agreements.models.versions import ContractVersion
from agreements.models.withdrawn import StandingQuerySet, Withdrawable, withdrawn_with_author_and_reason
from cdppe.documents.models import StoredFile
from contracts.models import Contract
from contracts.workflow import SIGNED_STATES


class PublicCopyQuerySet(StandingQuerySet):
    """What is or was online."""

    def online(self) -> PublicCopyQuerySet:
        """What everybody reads: not withdrawn, of a contract signed by all (rule N2)."""
        return self.standing().filter(contract__state__in=sorted(SIGNED_STATES))


class PublicCopy(Withdrawable):
    """One public document put online: the very file that somebody had read before, its author, its end.

    `file` is made apart from what is signed (`agreements.publishing`); its bytes never change. What was taken
    offline stays on record with its reason.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="public_copies")
    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="public_copies")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="public_copies")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField("mise en ligne le", default=timezone.now)

    objects = PublicCopyQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-pk"]
        verbose_name = "version publique en ligne"
        verbose_name_plural = "versions publiques en ligne"
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(withdrawn_at__isnull=True),
                name="public_copy_once_online_per_contract",
                violation_error_message="Une version publique de ce contrat est déjà en ligne.",
            ),
            withdrawn_with_author_and_reason(
                "public_copy", "Une version publique se retire avec son auteur et sa raison."
            ),
        ]

    def __str__(self) -> str:
        return f"Version publique du contrat {self.contract.reference}"
