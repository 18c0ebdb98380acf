"""Reading the whole journal for breaks, and writing its head outside the database every day."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone

from cdppe.lib.append_only import granted_changes, missing_protections
from contracts.chain import GENESIS, Break, BreakKind, Head, Verdict, check
from contracts.journal_heads import UnreadableHeads, append_head, read_heads
from contracts.models import JournalCheck, JournalEntry

logger = logging.getLogger(__name__)

TABLE = JournalEntry._meta.db_table
FINDINGS_KEPT = 200
ENTRIES_AT_ONCE = 2000


@dataclass(frozen=True)
class WrittenHead:
    """What `keep_head` did: the verdict, the row that pages read, the file (None when it was not written)."""

    verdict: Verdict
    check: JournalCheck
    path: Path | None
    problem: str = ""


def verify(more_heads: Sequence[Head] = ()) -> Verdict:
    """Read every entry, compare with the heads written outside and with `more_heads` (out of a mail, say).

    Reads only. The breaks also tell a table that lost its triggers; the warnings, what weakens the proof
    without breaking it.
    """
    problems: list[Break] = []
    # Before the entries: one that comes in between is then no cut end.
    try:
        heads = read_heads(settings.JOURNAL_HEAD_DIR)
    except UnreadableHeads as error:
        heads = []
        problems.append(Break(BreakKind.HEADS, None, str(error)))
    heads = [*heads, *more_heads]
    entries = JournalEntry.objects.order_by("sequence", "pk").iterator(chunk_size=ENTRIES_AT_ONCE)
    verdict = check((entry.link for entry in entries), heads)
    verdict.breaks += problems
    missing = missing_protections(connection, TABLE)
    if missing:
        verdict.breaks.append(
            Break(
                BreakKind.PROTECTION,
                None,
                f"La base ne refuse plus {', '.join(missing)} sur la table {TABLE} : "
                "ses déclencheurs manquent.",
            )
        )
    granted = granted_changes(connection, TABLE)
    if granted:
        verdict.warnings.append(
            f"Le compte de la base qui fait cette vérification a les droits {', '.join(granted)} "
            f"sur la table {TABLE} : l’application doit se connecter avec un compte qui ne les a pas "
            "(commande grant_application_role)."
        )
    if not heads and not problems:
        verdict.warnings.append(
            "Aucune tête n’a été écrite hors de la base : une fin coupée ne se verrait pas "
            "(commande export_journal_head)."
        )
    return verdict


def keep_head() -> WrittenHead:
    """Verify, then write the head in `JOURNAL_HEAD_DIR`, in the log, and mail it to `JOURNAL_HEAD_EMAIL`.

    Once a day, by the clock or a line of cron; running it again adds a line and harms nothing. A file that
    cannot be written, or a mail that cannot leave, is told in the log and in `problem`.
    """
    verdict = verify()
    last = verdict.last
    stored = JournalCheck.objects.create(
        checked_at=timezone.now(),
        last_sequence=last.sequence if last else 0,
        last_hash=last.hash if last else GENESIS,
        findings=[each.sentence for each in verdict.breaks[:FINDINGS_KEPT]],
    )
    head = stored.head
    path, problem = None, ""
    try:
        path = append_head(settings.JOURNAL_HEAD_DIR, head)
    except OSError as error:
        problem = f"La tête n’a pas pu être écrite dans {settings.JOURNAL_HEAD_DIR} : {error.strerror}."
        logger.exception("the head of the journal could not be written")
    level = logging.INFO if verdict.is_whole else logging.ERROR
    logger.log(level, "journal head %s %s, %s breaks", head.sequence, head.hash, len(verdict.breaks))
    if settings.JOURNAL_HEAD_EMAIL:
        try:
            _mail(verdict, head, problem)
        except OSError:  # every refusal of a mail server is one
            problem = f"{problem} La tête n’a pas pu être envoyée à {settings.JOURNAL_HEAD_EMAIL}.".strip()
            logger.exception("the head of the journal could not be mailed")
    return WrittenHead(verdict, stored, path, problem)


def _mail(verdict: Verdict, head: Head, problem: str) -> None:
    context = {"verdict": verdict, "head": head, "problem": problem, "site": settings.PUBLIC_URL}
    text = render_to_string("emails/contracts/journal_head.txt", context)
    subject, _, body = text.strip().partition("\n")
    send_mail(subject.strip(), body.lstrip(), None, [settings.JOURNAL_HEAD_EMAIL])
