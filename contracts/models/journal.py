"""The journal: every gesture, chained to the one before, in a table that only grows."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q

from cdppe.lib.origin import told
from contracts.chain import GENESIS, Head, Link, fingerprint
from contracts.models.contracts import Contract

HASH_LENGTH = 64


class JournalEntry(models.Model):
    """One gesture: who, for which institution, what, when, from where. Never changed, never deleted.

    The names of the person and of their institution are kept as they were then. One chain goes through the
    whole site, so that a contract cannot lose its journal unseen: the numbers of a contract's entries have
    gaps. Only `contracts.actions.journal` writes here; the database refuses any change
    (`cdppe.lib.append_only`).
    """

    sequence = models.BigIntegerField("n°", unique=True)
    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    """None for what belongs to no contract: a campaign loaded, amounts published, members changed."""
    at = models.DateTimeField("le")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor = models.CharField("qui", max_length=200, blank=True)
    institution = models.CharField("au titre de", max_length=200, blank=True)
    origin = models.CharField("d’où", max_length=60, blank=True)
    """A network, « commande » or « tâche de fond » (`cdppe.lib.origin`); empty before it was kept."""
    code = models.CharField("nature", max_length=60)
    sentence = models.CharField("ce qui s’est passé", max_length=300)
    place = models.CharField("où", max_length=120, blank=True)
    """The part or the object that it happened to, as `contracts.places` writes it; empty for the contract."""
    previous_hash = models.CharField("empreinte précédente", max_length=HASH_LENGTH)
    hash = models.CharField("empreinte", max_length=HASH_LENGTH, unique=True)

    class Meta:
        ordering = ["-sequence"]
        verbose_name = "entrée du journal"
        verbose_name_plural = "entrées du journal"
        indexes = [models.Index(fields=["contract", "-sequence"], name="journal_of_contract")]
        constraints = [
            models.CheckConstraint(name="journal_starts_at_one", condition=Q(sequence__gte=1)),
            models.CheckConstraint(
                name="journal_first_entry_follows_nothing",
                condition=Q(sequence=1, previous_hash=GENESIS)
                | (Q(sequence__gt=1) & ~Q(previous_hash=GENESIS)),
            ),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def link(self) -> Link:
        """What the chain covers."""
        return Link(
            sequence=self.sequence,
            at=self.at,
            contract=self.contract_id,
            by=self.by_id,
            actor=self.actor,
            institution=self.institution,
            origin=self.origin,
            code=self.code,
            sentence=self.sentence,
            place=self.place,
            previous_hash=self.previous_hash,
            hash=self.hash,
        )

    @property
    def told_origin(self) -> str:
        """From where, in words."""
        return told(self.origin)

    @property
    def short_hash(self) -> str:
        """The first sixteen digits of the hash, by four: what one reads out to somebody."""
        return " ".join(self.hash[start : start + 4] for start in range(0, 16, 4))

    @property
    def is_intact(self) -> bool:
        """Whether the entry is still what its own hash says."""
        return fingerprint(self.link) == self.hash


class JournalCheck(models.Model):
    """What the daily reading of the whole journal found, for the pages that say so; nothing rests on it."""

    checked_at = models.DateTimeField("vérifié le")
    last_sequence = models.BigIntegerField("jusqu’au n°")
    last_hash = models.CharField("empreinte de la tête", max_length=HASH_LENGTH)
    findings = models.JSONField("ruptures", default=list, blank=True)

    class Meta:
        ordering = ["-checked_at", "-pk"]
        verbose_name = "vérification du journal"
        verbose_name_plural = "vérifications du journal"

    def __str__(self) -> str:
        return f"{self.checked_at:%d/%m/%Y} : n° {self.last_sequence}"

    @property
    def is_whole(self) -> bool:
        return not self.findings

    @property
    def head(self) -> Head:
        """The last entry then, as it is written outside the database."""
        return Head(self.last_sequence, self.last_hash, self.checked_at.astimezone(dt.UTC).isoformat())
