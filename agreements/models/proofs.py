"""Which file proves which signature (rule K4): a paper scanned whole, or a signature inside a PDF."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from agreements.models.signed_files import SignedFile
from agreements.models.way import Signature


class SignatureProofQuerySet(models.QuerySet["SignatureProof"]):
    """What files prove."""

    def standing(self) -> SignatureProofQuerySet:
        """The proofs of signatures that nobody withdrew."""
        return self.filter(signature__withdrawn_at__isnull=True)


class SignatureProof(models.Model):
    """A party's recorded signature, and an examined file in which somebody found it.

    Several files may prove one signature: the file with the first of three signatures, then the one with all.
    `field` names the signature inside an electronically signed PDF, "" for a scan.
    """

    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="proofs")
    file = models.ForeignKey(SignedFile, on_delete=models.PROTECT, related_name="proofs")
    field = models.CharField("signature du fichier", max_length=200, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("enregistrée le", default=timezone.now)

    objects = SignatureProofQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at", "pk"]
        verbose_name = "preuve de signature"
        verbose_name_plural = "preuves de signature"
        constraints = [
            models.UniqueConstraint(
                fields=["signature", "file"],
                name="signature_proof_once_per_file",
                violation_error_message="Ce fichier est déjà joint à cette signature.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signature} : {self.file}"
