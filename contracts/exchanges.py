"""What pages, the menu and the digest show of exchanges: lines, counts, what concerns a person (rule P3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestSettings, User
from contracts.models import Contract, Message, Thread, ThreadState
from contracts.models.exchanges import MINISTRY_QUESTIONS, news_since
from contracts.places import Located, Place, locate, read_place
from contracts.workspace import Progress, Stage

CODE = "exchanges"
"""The part of the workspace, and the section of the digest."""
FIRST = 1
"""The number of the message that opened its thread."""
TOLD_WITHIN = dt.timedelta(days=14)
"""What nobody told of before that is told no more: the digest was off, or the person was away."""


@dataclass(frozen=True)
class ThreadLine:
    """A thread as a list shows it to one person.

    `place_url` is empty when the place is gone (or was not looked for); `news` counts the messages that the
    person has not seen; `reason` says why it concerns them, or nothing.
    """

    thread: Thread
    label: str
    place_url: str
    first: Message
    last: Message
    news: int
    is_waiting: bool
    reason: str

    @property
    def url(self) -> str:
        return thread_address(self.thread)


@dataclass(frozen=True)
class PlaceCount:
    """How many threads a place has."""

    open: int = 0
    total: int = 0


def thread_address(thread: Thread, number: int = 0) -> str:
    """The page of a thread of a contract (loaded), at one of its messages if asked: it never changes."""
    address = reverse("contracts:thread", args=[thread.contract.reference, thread.pk])
    return f"{address}#message-{number}" if number else address


def place_of(thread: Thread) -> Place | None:
    """The place of a thread; None when no app registers that part any more."""
    try:
        return read_place(thread.place)
    except ValueError:
        return None


def locate_threads(contract: Contract, threads: Iterable[Thread]) -> Mapping[str, Located]:
    """{text of a place: where it now is}; a place that is gone is left out."""
    places = {place for thread in threads if (place := place_of(thread)) is not None}
    return {str(place): located for place, located in locate(contract, places).items()}


def locate_exchanges(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The threads of the contract, themselves: « Échange : Fiche action n° 3 – Public cible »."""
    threads = Thread.objects.filter(contract=contract).in_bulk({place.item for place in places})
    found = {}
    for place in places:
        if place.item in threads:
            url = reverse("contracts:thread", args=[contract.reference, place.item])
            found[place] = Located(f"Échange : {threads[place.item].place_label}", url)
    return found


def with_ends(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """`threads` with their first and last messages in `ends`, their authors, contract and territory."""
    ends = Message.objects.filter(Q(number=FIRST) | Q(number=F("thread__message_count")))
    return threads.select_related(
        "opened_by", "institution", "settled_by", "contract__territory", "contract__campaign"
    ).prefetch_related(
        Prefetch("messages", ends.select_related("by", "institution").order_by("number"), to_attr="ends")
    )


def thread_lines(
    threads: Sequence[Any], user: User, *, located: Mapping[str, Located] | None = None
) -> list[ThreadLine]:
    """The lines of `threads` (of `for_reader` and `with_ends`) for `user`, without a query.

    Without `located` their places keep the words that they had when the threads were opened.
    """
    lines = []
    for thread in threads:
        place = (located or {}).get(thread.place)
        lines.append(
            ThreadLine(
                thread=thread,
                label=place.label if place else thread.place_label,
                place_url=place.url if place else "",
                first=thread.ends[0],
                last=thread.ends[-1],
                news=max(0, thread.message_count - thread.read_number),
                is_waiting=bool(thread.is_waiting),
                reason=_reason(thread, user),
            )
        )
    return lines


def _reason(thread: Any, user: User) -> str:
    """Why a thread (of `for_reader`) concerns `user`."""
    if thread.mention_number > max(thread.own_number, 0 if thread.is_waiting else thread.read_number):
        return "On vous y mentionne"
    if thread.is_waiting and thread.opened_by_id != user.pk:
        return "Une réponse de votre institution est attendue"
    if thread.message_count <= thread.read_number or thread.last_by == user.pk:
        return ""
    return "Réponse à votre échange" if thread.opened_by_id == user.pk else "Du nouveau depuis votre message"


def counts_of_places(contract: Contract) -> dict[str, PlaceCount]:
    """{text of a place of `contract`: its threads}, in one query."""
    rows = (
        Thread.objects.filter(contract=contract)
        .order_by()
        .values("place")
        .annotate(open=Count("pk", filter=Q(state=ThreadState.OPEN)), total=Count("pk"))
    )
    return {row["place"]: PlaceCount(row["open"], row["total"]) for row in rows}


def concerning(user: User) -> QuerySet[Thread]:
    """The threads of every contract that concern `user`, those that wait for them first."""
    threads = Thread.objects.visible_to(user).for_reader(user).concerning(user)
    return with_ends(threads).order_by("-is_waiting", "-last_message_at", "-pk")


def measure_exchanges(contract: Contract, user: User) -> Progress | None:
    """The open threads; an alert when one waits for the reader; nothing where nobody said anything."""
    counted = (
        Thread.objects.filter(contract=contract)
        .for_reader(user)
        .aggregate(
            total=Count("pk"),
            open=Count("pk", filter=Q(state=ThreadState.OPEN)),
            waiting=Count("pk", filter=Q(is_waiting=1)),
        )
    )
    if not counted["total"]:
        return None
    still, waiting = counted["open"], counted["waiting"]
    if not still:
        return Progress(Stage.DONE, "0", "aucun échange ouvert")
    words = f"{still} échange{'s' if still > 1 else ''} ouvert{'s' if still > 1 else ''}"
    if waiting:
        return Progress(Stage.ALERT, str(still), f"{words}, dont {waiting} où l’on vous attend")
    return Progress(Stage.STARTED, str(still), words)


def exchanges_section(user: User, since: dt.datetime, today: dt.date) -> DigestSection | None:
    """What the digest says to `user` of what was written to them after `since`; None when there is nothing.

    One line a thread, by its last message that they have not read: mentions, questions of the ministry to
    their institution, answers to them. Nobody is told of what they wrote, nor of what they have read.
    """
    messages: dict[int, Message] = {}
    mentioned: set[int] = set()
    for message in news_since(user, since):
        messages[message.thread_id] = message
        if any(mention.person_id == user.pk for mention in message.mentions.all()):
            mentioned.add(message.thread_id)
    if not messages:
        return None
    lines = tuple(
        DigestLine(
            f"message.{message.pk}",
            _sentence(message, is_mentioned=thread_id in mentioned),
            thread_address(message.thread, message.number),
        )
        for thread_id, message in messages.items()
    )
    return DigestSection("Échanges qui vous concernent", lines)


def digest_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """The section of the daily digest of `on`: what was written lately, unless the person wants none of it.

    The digest itself remembers what was told once.
    """
    if not settings.tells_exchanges:
        return None
    return exchanges_section(user, timezone.now() - TOLD_WITHIN, on)


def _sentence(message: Message, *, is_mentioned: bool) -> str:
    thread = message.thread
    who = f"{message.by} ({message.institution})"
    what = "vous mentionne" if is_mentioned else "a écrit"
    if not is_mentioned and message.number == FIRST and thread.institution.kind in MINISTRY_QUESTIONS:
        what = "pose une question"
    return f"{thread.contract} : {who} {what} – {thread.place_label}"
