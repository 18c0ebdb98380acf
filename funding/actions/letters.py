"""Notification letters: asked for together, attached to their territory, announced once (rule F8).

Source: circulaire DGCS 2020/34, annexe 4-I (amounts hold once they are notified). What we chose: the letter
of a publication never changes, so that one that is there is never rendered again; each letter is announced as
soon as its file is there, to the prefecture, the ARS and the council of its territory, and only once.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.mail import mail_on_commit
from cdppe.accounts.models import InstitutionKind, Territory, User
from cdppe.documents.actions.jobs import request_renders
from cdppe.documents.models import JobState
from cdppe.lib.errors import WrongState
from contracts.actions.journal import record_elsewhere
from funding.models import NotificationLetter, Publication

KIND = "notification-letter"


def read_subject(subject: str) -> tuple[int, str]:
    """The publication's id and the territory's code of "12:38" (see `NotificationLetter.subject`)."""
    publication_id, _, code = subject.partition(":")
    return int(publication_id), code


@transaction.atomic
def request_letters(publication: Publication, *, by: User) -> int:
    """Ask for every letter of `publication` that is not there, or failed; how many were asked for.

    Letters that are there and that nobody was told of are announced again. Raises WrongState when another
    publication replaced this one: its amounts no longer hold.
    """
    # The lock makes two clicks come one after the other, and the second finds the letters of the first.
    publication = Publication.objects.select_for_update(no_key=True).get(pk=publication.pk)
    if publication.replaced_by_id is not None:
        raise WrongState(
            "Cette publication est remplacée : produisez les lettres de la publication en vigueur."
        )
    have = set(publication.letters.values_list("territory_id", flat=True))
    territories = Territory.objects.filter(published_amounts__publication=publication).exclude(pk__in=have)
    NotificationLetter.objects.bulk_create(
        NotificationLetter(publication=publication, territory=territory)
        for territory in territories.distinct()
    )
    asked = []
    for letter in publication.letters.select_related("publication", "territory", "job"):
        if letter.job is None or letter.job.state == JobState.FAILED:
            asked.append(letter)
        elif letter.job.state == JobState.DONE and letter.mailed_at is None:
            announce_letter(letter)
    jobs = request_renders(KIND, {letter.subject: str(letter) for letter in asked}, by=by)
    for letter in asked:
        letter.job = jobs[letter.subject]
    NotificationLetter.objects.bulk_update(asked, ["job"])
    if asked:
        sentence = f"Lettres de notification {publication.year} demandées : {len(asked)}."
        record_elsewhere("letter.requested", sentence, by=by)
    return len(asked)


def letter_is_done(subject: str, job_id: UUID) -> None:
    """The file of the letter `subject` is there: keep the job that made it, and announce the letter."""
    publication_id, code = read_subject(subject)
    letters = NotificationLetter.objects.filter(publication=publication_id, territory__code=code)
    # A failed job may have been asked for again from its own page: the one that succeeded is the letter's.
    letters.exclude(job__state=JobState.DONE).update(job=job_id)
    for letter in letters.select_related("publication", "territory", "job"):
        announce_letter(letter)


@transaction.atomic
def announce_letter(letter: NotificationLetter) -> int:
    """Tell the people of the territory's institutions that the letter is there; how many were told.

    Nobody is told twice: who marks the letter first sends. A letter of a replaced publication is not
    announced, nor one that nobody could receive, which stays to be announced.
    """
    people = letter_readers(letter.territory)
    if not people:
        return 0
    mine = NotificationLetter.objects.in_force().ready().filter(pk=letter.pk, mailed_at__isnull=True)
    if not NotificationLetter.objects.filter(pk__in=mine.values("pk"), mailed_at__isnull=True).update(
        mailed_at=timezone.now()
    ):
        return 0
    context = {
        "letter": letter,
        "url": f"{settings.PUBLIC_URL}{reverse('documents:job', args=[letter.job_id])}",
    }
    for person in people:
        mail_on_commit("funding/notification_letter", context, to=person.email)
    return len(people)


def letter_readers(territory: Territory) -> list[User]:
    """The active members of the prefecture, the council and the ARS of `territory`, each once."""
    parties = Q(
        memberships__institution__territory=territory,
        memberships__institution__kind__in=[InstitutionKind.PREFECTURE, InstitutionKind.COUNCIL],
    ) | Q(
        memberships__institution__region=territory.region_id,
        memberships__institution__kind=InstitutionKind.ARS,
    )
    return list(User.objects.filter(parties, is_active=True).distinct().order_by("email"))
