"""Sending the digest: one e-mail a day at most to a person, never twice the same thing (rule C5).

What we chose: a digest is claimed in the database before it is sent (`SentDigest`, one a person and a day),
so that two senders at once send one; when the mail server refuses it, the claim is given back and the next
run tries again. A process killed between the two loses a digest rather than sending it twice.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from cdppe.accounts.digest import DigestLine, DigestSection, digest_sections
from cdppe.accounts.models import DigestFrequency, DigestSettings, SentDigest, SentLine, User
from cdppe.accounts.models.digests import settings_of

logger = logging.getLogger(__name__)

STOP_SALT = "cdppe.accounts.digest.stop"
MONDAY = 0


@dataclass(frozen=True)
class DigestReport:
    """How many people were written to, and how many e-mails the server refused."""

    sent: int
    refused: int


def send_digests(*, on: dt.date) -> DigestReport:
    """Write to every active person who has something new to be told on `on`.

    Running it twice, or twice at once, writes to nobody twice. The server's refusals are logged and counted.
    """
    sent = refused = 0
    for user in readers():
        outcome = send_digest(user, on=on)
        sent += outcome is True
        refused += outcome is False
    return DigestReport(sent, refused)


def readers() -> QuerySet[User]:
    """Active people who belong to an institution: the others see nothing that could be told."""
    return User.objects.filter(is_active=True, memberships__isnull=False).distinct().order_by("pk")


def send_digest(user: User, *, on: dt.date) -> bool | None:
    """The digest of one person: True when sent, None when there is nothing to tell, False when refused."""
    choice = settings_of(user)
    if not is_due(choice, on=on) or SentDigest.objects.filter(user=user, on=on).exists():
        return None
    sections = _new_sections(user, choice, on=on)
    if not sections:
        return None
    digest = _claim(user, sections, on=on)
    if digest is None:
        return None
    try:
        _message(user, list(sections.values()), on=on).send()
    except OSError:
        # SMTP refusals are OSErrors too. The claim is given back: the next run tries again.
        logger.exception("the digest of person %s could not be sent", user.pk)
        digest.delete()
        return False
    return True


def is_due(choice: DigestSettings, *, on: dt.date) -> bool:
    """Whether this person may be written to on `on`: never, on Mondays, or any day."""
    if choice.frequency == DigestFrequency.WEEKLY:
        return on.weekday() == MONDAY
    return choice.frequency == DigestFrequency.DAILY


def _new_sections(user: User, choice: DigestSettings, *, on: dt.date) -> dict[str, DigestSection]:
    """{code: section} without what the person was told already, and without empty sections."""
    built = {code: builder(user, choice, on) for code, builder in digest_sections()}
    told = set(SentLine.objects.filter(user=user).values_list("section", "key"))
    fresh = {
        code: DigestSection(
            section.title,
            tuple(_on_one_line(line) for line in section.lines if (code, line.key) not in told),
        )
        for code, section in built.items()
        if section is not None
    }
    return {code: section for code, section in fresh.items() if section.lines}


def _on_one_line(line: DigestLine) -> DigestLine:
    """Words that people typed cannot pretend to be another line of the e-mail."""
    return DigestLine(line.key, " ".join(line.text.split()), line.path)


def _claim(user: User, sections: dict[str, DigestSection], *, on: dt.date) -> SentDigest | None:
    """Write that the digest of `user` on `on` goes out, with each of its lines; None when another did."""
    try:
        with transaction.atomic():
            digest = SentDigest.objects.create(user=user, on=on)
            SentLine.objects.bulk_create(
                SentLine(digest=digest, user=user, section=code, key=line.key)
                for code, section in sections.items()
                for line in section.lines
            )
    except IntegrityError:
        # Another process claims the same person at this moment: its constraint let the first one through.
        return None
    return digest


def _message(user: User, sections: list[DigestSection], *, on: dt.date) -> EmailMessage:
    stop_url = f"{settings.PUBLIC_URL}{reverse('accounts:digest-stop', args=[stop_token(user)])}"
    context = {
        "user": user,
        "on": on,
        "sections": sections,
        "count": sum(len(section.lines) for section in sections),
        "public_url": settings.PUBLIC_URL,
        "settings_url": f"{settings.PUBLIC_URL}{reverse('accounts:digest-settings')}",
        "stop_url": stop_url,
    }
    text = render_to_string("emails/accounts/digest.txt", context).strip()
    subject, _, body = text.partition("\n")
    return EmailMessage(
        subject.strip(), body.lstrip(), to=[user.email], headers={"List-Unsubscribe": f"<{stop_url}>"}
    )


def stop_token(user: User) -> str:
    """What the address that stops the digest of `user` holds: signed, no sign-in is asked for it."""
    return signing.dumps(user.pk, salt=STOP_SALT)


def user_of_stop_token(token: str) -> User | None:
    """The person of a token of `stop_token`; None for anything else."""
    try:
        pk = signing.loads(token, salt=STOP_SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk).first()


@transaction.atomic
def stop_digest(user: User) -> None:
    """No digest any more for `user`, who keeps the rest of their choice."""
    DigestSettings.objects.update_or_create(user=user, defaults={"frequency": DigestFrequency.NEVER})


@transaction.atomic
def save_digest_settings(
    user: User,
    *,
    frequency: str,
    days_before: int,
    tells_before: bool,
    tells_late: bool,
    tells_exchanges: bool,
) -> DigestSettings:
    """Write what `user` wants to be told by e-mail, and how often."""
    choice, _ = DigestSettings.objects.update_or_create(
        user=user,
        defaults={
            "frequency": frequency,
            "days_before": days_before,
            "tells_before": tells_before,
            "tells_late": tells_late,
            "tells_exchanges": tells_exchanges,
        },
    )
    return choice
