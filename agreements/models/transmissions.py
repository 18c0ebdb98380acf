"""What was sent to DGCS, kept as it was sent, and what DGCS did with it (rules C2, K5, O7, P3)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from agreements.models.versions import ContractVersion
from cdppe.accounts.models import Territory
from contracts.models import Contract, Deadline, Thread, ThreadState

if TYPE_CHECKING:
    from cdppe.accounts.models import User


class KeptAsSent(TypeError):
    """What was sent or answered was about to be changed or deleted: a mistake of the program."""


class KeptQuerySet(models.QuerySet[Any]):
    """Rows that are made and read, nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise KeptAsSent("what was sent never changes")

    def delete(self) -> NoReturn:
        raise KeptAsSent("what was sent is never deleted")


class Kept(models.Model):
    """A row that is written once; PostgreSQL refuses to change or delete it too."""

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise KeptAsSent("what was sent never changes")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise KeptAsSent("what was sent is never deleted")


@dataclass(frozen=True)
class SentFinding:
    """What the compliance of a contract said when it was sent."""

    severity: str
    number: str
    sentence: str


@dataclass(frozen=True)
class SentAmount:
    """An envelope in a year, in euros, when the contract was sent; None: not notified, not planned."""

    envelope: str
    year: int
    notified: Decimal | None
    planned: Decimal | None

    @property
    def remaining(self) -> Decimal | None:
        """Notified less planned; None as long as nothing is notified."""
        return None if self.notified is None else self.notified - (self.planned or Decimal(0))


class TransmissionQuerySet(KeptQuerySet):
    """Which transmissions exist for a person, and what a list says of them."""

    def visible_to(self, user: User) -> TransmissionQuerySet:
        """Those of the contracts of the territories that `user` follows."""
        return self.filter(contract__territory__in=Territory.objects.visible_to(user))

    def for_lists(self) -> TransmissionQuerySet:
        """With what a line of a list shows; the whole text of the versions stays in the database."""
        questions = (
            Thread.objects.of_ministry()
            .filter(contract=OuterRef("contract"), state=ThreadState.OPEN)
            .order_by()
        )
        return (
            self.select_related(
                "contract__territory__region",
                "contract__campaign",
                "deadline",
                "version",
                "sent_by",
                "receipt__received_by",
            )
            .defer("version__content_text", "version__html")
            .annotate(has_questions=Exists(questions))
        )


class Transmission(Kept):
    """One sending to DGCS: what it answers (`deadline`, due on `due_on`), and the version that was sent.

    `missing`, `findings` and `amounts` say what was missing, what the compliance found and what the money was
    when it was sent; `institution` is the name for which `sent_by` acted. `token` is the form's: sent twice,
    it makes one transmission.
    """

    uid = models.UUIDField("identifiant public", default=uuid.uuid4, unique=True, editable=False)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="transmissions")
    number = models.PositiveIntegerField("numéro")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="transmissions")
    due_on = models.DateField("attendue le")
    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="transmissions")
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField("envoyée le", default=timezone.now)
    institution = models.CharField("institution", max_length=200)
    message = models.TextField("message", blank=True)
    missing = models.JSONField("ce qui manquait", default=list, blank=True)
    findings = models.JSONField("constats", default=list, blank=True)
    amounts = models.JSONField("montants", default=list, blank=True)
    token = models.UUIDField("jeton du formulaire", unique=True, editable=False)

    objects = TransmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at", "-pk"]
        verbose_name = "transmission"
        verbose_name_plural = "transmissions"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "number"], name="transmission_number_once_per_contract"
            ),
        ]

    def __str__(self) -> str:
        return f"Transmission {self.reference}"

    @property
    def reference(self) -> str:
        """How people name it: « 38-2022 / 3 »."""
        return f"{self.contract.reference} / {self.number}"

    @property
    def is_late(self) -> bool:
        return timezone.localdate(self.sent_at) > self.due_on

    @property
    def is_acknowledged(self) -> bool:
        return hasattr(self, "receipt")

    @property
    def sent_findings(self) -> tuple[SentFinding, ...]:
        return tuple(SentFinding(**each) for each in self.findings)

    @property
    def sent_amounts(self) -> tuple[SentAmount, ...]:
        return tuple(
            SentAmount(each["envelope"], each["year"], _decimal(each["notified"]), _decimal(each["planned"]))
            for each in self.amounts
        )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


class TransmissionReceipt(Kept):
    """DGCS says that it received a transmission: an acknowledgement, never a visa (rule P3)."""

    transmission = models.OneToOneField(Transmission, on_delete=models.PROTECT, related_name="receipt")
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField("accusée le", default=timezone.now)

    class Meta:
        verbose_name = "accusé de réception"
        verbose_name_plural = "accusés de réception"

    def __str__(self) -> str:
        return f"Accusé de réception : {self.transmission}"


class RemarkKind(models.TextChoices):
    """What DGCS wrote."""

    ADVICE = "advice", "Avis technique"
    NOTE = "note", "Note au dossier"


class TransmissionRemark(Kept):
    """What DGCS wrote about a transmission: technical advice for the parties (O7), or a note for its file.

    A note is read by those who follow the nation alone. Nothing is corrected: one writes another.
    """

    transmission = models.ForeignKey(Transmission, on_delete=models.PROTECT, related_name="remarks")
    kind = models.CharField("nature", max_length=10, choices=RemarkKind.choices)
    text = models.TextField("texte")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("le", default=timezone.now)
    token = models.UUIDField("jeton du formulaire", unique=True, editable=False)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = "avis ou note"
        verbose_name_plural = "avis et notes"
        constraints = [
            models.CheckConstraint(
                name="transmission_remark_says_something",
                condition=~models.Q(text="") & models.Q(kind__in=RemarkKind.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} : {self.transmission}"
