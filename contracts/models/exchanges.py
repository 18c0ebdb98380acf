"""Exchanges: threads at a place of a contract, their messages, who is mentioned and who has read what.

A message never changes and is never deleted: a correction is a new message. The database itself refuses the
change (triggers, see the migration and docs/decisions/exchanges.md).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from cdppe.accounts.models import Institution, InstitutionKind
from contracts.models.contracts import Contract
from contracts.progress import ALL_PARTIES

if TYPE_CHECKING:
    from cdppe.accounts.models import User

MINISTRY_QUESTIONS = {
    InstitutionKind.DGCS: "Question de la DGCS",
    InstitutionKind.DGS: "Question de la DGS",
}
"""What a thread opened by the central administration is called; it asks, and blocks nothing (rule P3)."""


class ThreadState(models.TextChoices):
    """Whether a thread still waits for something."""

    OPEN = "open", "Ouvert"
    SETTLED = "settled", "Réglé"


class MessageKind(models.TextChoices):
    """What somebody did in a thread: wrote, marked it as settled, or opened it again."""

    TEXT = "text", "Message"
    SETTLED = "settled", "Marqué comme réglé"
    REOPENED = "reopened", "Rouvert"


class ThreadQuerySet(models.QuerySet["Thread"]):
    """Which threads exist for a person, and what each is for that person."""

    def visible_to(self, user: User) -> ThreadQuerySet:
        """The threads of the contracts that `user` sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))

    def of_ministry(self) -> ThreadQuerySet:
        """The questions of the central administration (rule P3)."""
        return self.filter(institution__kind__in=MINISTRY_QUESTIONS)

    def written_in_by(self, user: User) -> ThreadQuerySet:
        """The threads that `user` opened or wrote in."""
        return self.filter(Exists(Message.objects.filter(thread=OuterRef("pk"), by=user)))

    def for_reader(self, user: User) -> ThreadQuerySet:
        """With what each thread is for `user`, for `is_waiting` and `concerning`.

        `read_number`: the last message that they have seen; `own_number`: the last that they wrote;
        `mention_number`: the last that mentions them; `last_by` and `last_kind`: who wrote the last one, of
        what kind of institution. 0 where there is none. `is_waiting`: see `waiting_condition`.
        """
        messages = Message.objects.filter(thread=OuterRef("pk"))
        last = messages.filter(number=OuterRef("message_count"))
        own = messages.filter(by=user).order_by("-number")
        mentions = Mention.objects.filter(message__thread=OuterRef("pk"), person=user)
        readings = ThreadReading.objects.filter(thread=OuterRef("pk"), person=user)
        return self.annotate(
            read_number=Coalesce(Subquery(readings.values("last_number")[:1]), Value(0)),
            own_number=Coalesce(Subquery(own.values("number")[:1]), Value(0)),
            mention_number=Coalesce(
                Subquery(mentions.order_by("-message__number").values("message__number")[:1]), Value(0)
            ),
            last_by=Subquery(last.values("by")[:1]),
            last_kind=Subquery(last.values("institution__kind")[:1]),
        ).annotate(is_waiting=Case(When(waiting_condition(user), then=Value(1)), default=Value(0)))

    def waiting(self) -> ThreadQuerySet:
        """Of `for_reader`: the open threads in which it is that person's turn."""
        return self.filter(is_waiting=1)

    def concerning(self, user: User) -> ThreadQuerySet:
        """Of `for_reader`: those that wait for `user`, and news where they wrote or are mentioned."""
        took_part = Q(own_number__gt=0) | Q(mention_number__gt=0)
        has_news = Q(message_count__gt=F("read_number")) & ~Q(last_by=user.pk)
        return self.filter(Q(is_waiting=1) | (took_part & has_news))


def waiting_condition(user: User) -> Q:
    """Whether an open thread (of `for_reader`) waits for `user`.

    They are mentioned since they last wrote; or the ministry asks their institution, a party, and had the
    last word; or somebody answered their own thread, unread so far.
    """
    parties = [m.institution for m in user.current_memberships if m.institution.kind in ALL_PARTIES]
    of_my_party = Q(contract__territory__in=[i.territory_id for i in parties if i.territory_id]) | Q(
        contract__territory__region__in=[i.region_id for i in parties if i.region_id]
    )
    mentioned = Q(mention_number__gt=F("own_number"))
    asked = Q(institution__kind__in=MINISTRY_QUESTIONS, last_kind__in=MINISTRY_QUESTIONS) & of_my_party
    answered = Q(opened_by=user, message_count__gt=F("read_number")) & ~Q(last_by=user.pk)
    return Q(state=ThreadState.OPEN) & (mentioned | asked | answered)


class Thread(models.Model):
    """A discussion at one place of a contract (`contracts.places`), in whatever state the contract is.

    `place_label` and `place_text` are the words and the text that the place had when the thread was opened:
    they are shown when its object is gone. `message_count` is the number of the last message.
    """

    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, related_name="threads", verbose_name="contrat"
    )
    place = models.CharField("lieu", max_length=120)
    place_label = models.CharField("lieu en clair", max_length=400)
    place_text = models.TextField("texte du lieu à l’ouverture", blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="threads_opened",
        verbose_name="ouvert par",
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="threads", verbose_name="institution"
    )
    opened_at = models.DateTimeField("ouvert le", default=timezone.now)
    message_count = models.PositiveIntegerField("nombre de messages", default=0)
    last_message_at = models.DateTimeField("dernier message le", default=timezone.now)
    state = models.CharField("état", max_length=20, choices=ThreadState.choices, default=ThreadState.OPEN)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="threads_settled",
        verbose_name="réglé par",
    )
    settled_at = models.DateTimeField("réglé le", null=True, blank=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        ordering = ["-last_message_at", "-pk"]
        verbose_name = "échange"
        indexes = [
            models.Index(fields=["contract", "place"], name="thread_of_a_place"),
            models.Index(fields=["contract", "state"], name="thread_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                name="thread_settled_by_somebody",
                condition=Q(state=ThreadState.OPEN, settled_by__isnull=True, settled_at__isnull=True)
                | Q(state=ThreadState.SETTLED, settled_by__isnull=False, settled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Échange sur « {self.place_label} »"

    @property
    def is_settled(self) -> bool:
        return self.state == ThreadState.SETTLED

    @property
    def question_label(self) -> str:
        """« Question de la DGCS » where the central administration opened it, else nothing."""
        return MINISTRY_QUESTIONS.get(InstitutionKind(self.institution.kind), "")


class Message(models.Model):
    """What somebody said in a thread, for which institution, when; or that they settled or reopened it.

    `number` counts from 1 within the thread. `token` is the form's: a form sent twice makes one message.
    """

    thread = models.ForeignKey(
        Thread, on_delete=models.PROTECT, related_name="messages", verbose_name="échange"
    )
    number = models.PositiveIntegerField("numéro")
    kind = models.CharField("nature", max_length=20, choices=MessageKind.choices, default=MessageKind.TEXT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages", verbose_name="auteur"
    )
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="messages", verbose_name="institution"
    )
    at = models.DateTimeField("le", default=timezone.now)
    text = models.TextField("texte", blank=True)
    token = models.UUIDField("jeton du formulaire", null=True, unique=True, editable=False)

    class Meta:
        ordering = ["thread", "number"]
        verbose_name = "message"
        constraints = [
            models.UniqueConstraint(fields=["thread", "number"], name="message_number_once_per_thread"),
            models.CheckConstraint(
                name="message_says_something_or_is_a_gesture",
                condition=(Q(kind=MessageKind.TEXT) & ~Q(text="")) | (~Q(kind=MessageKind.TEXT) & Q(text="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} n° {self.number} de {self.by}"


class Mention(models.Model):
    """A person that a message mentions: the thread waits for them until they write in it."""

    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, related_name="mentions", verbose_name="message"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentions", verbose_name="personne"
    )

    class Meta:
        ordering = ["pk"]
        verbose_name = "mention"
        constraints = [
            models.UniqueConstraint(fields=["message", "person"], name="person_mentioned_once_per_message"),
        ]

    def __str__(self) -> str:
        return f"{self.person} dans {self.message}"


class ThreadReading(models.Model):
    """How far a person has read a thread."""

    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="readings", verbose_name="échange"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="thread_readings",
        verbose_name="personne",
    )
    last_number = models.PositiveIntegerField("dernier message lu")
    at = models.DateTimeField("lu le", default=timezone.now)

    class Meta:
        verbose_name = "lecture"
        constraints = [
            models.UniqueConstraint(fields=["thread", "person"], name="thread_read_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} a lu {self.thread} jusqu’au n° {self.last_number}"


def news_since(user: User, since: dt.datetime) -> models.QuerySet[Message]:
    """The messages of others after `since`, unread by `user`, that mention them, ask or answer them.

    In threads that exist for `user` and concern them: for the digest.
    """
    threads = Thread.objects.visible_to(user).for_reader(user).concerning(user)
    read = ThreadReading.objects.filter(thread=OuterRef("thread"), person=user).values("last_number")[:1]
    return (
        Message.objects.filter(thread__in=threads.values("pk"), at__gt=since)
        .exclude(by=user)
        .filter(number__gt=Coalesce(Subquery(read), Value(0)))
        .select_related("thread__contract__territory", "thread__contract__campaign", "by", "institution")
        .prefetch_related("mentions")
        .order_by("thread_id", "number")
    )
