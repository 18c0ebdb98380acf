"""Opening a thread, answering in it, settling and reopening it; what was said never changes (rule P3).

No gesture asks for the state of the contract: people talk before, during and after signature. Each writes one
numbered message under the lock of its thread; `token` comes with the form, and a form that was sent twice
makes one message.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from cdppe.accounts.models import Institution, User
from cdppe.lib.cleaned_text import cleaned
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.mentions import Addressee, find_mentions
from contracts.models import Contract, Mention, Message, MessageKind, Thread, ThreadReading, ThreadState
from contracts.people import institution_of, may_comment, people_who_see
from contracts.places import Place, locate

LONGEST_MESSAGE = 10_000
"""Characters of one message: some four printed pages."""
LONGEST_QUOTE = 2_000
"""Characters of the place's text that a thread keeps."""

_SENT_TWICE = "Ce message vient d’une page trop ancienne : rechargez la page, puis envoyez-le de nouveau."


@transaction.atomic
def open_thread(
    contract: Contract,
    place: Place,
    *,
    text: str,
    mentioned: Iterable[int] = (),
    token: uuid.UUID,
    by: User,
) -> Thread:
    """A new thread at `place` of `contract` with its first message; the one before for a `token` of before.

    `mentioned` are primary keys of people besides those whom `text` names. Raises RuleViolation for a place
    that the contract does not have, an empty or too long text, or a mention of somebody who does not see the
    contract; NotAllowed when `by` may not comment.
    """
    locked = locked_contract(contract, editable=False)
    institution = _speaks_for(by, locked)
    before = _sent_before(token, by)
    if before is not None:
        if before.thread.contract_id != locked.pk:
            raise RuleViolation(_SENT_TWICE)
        return before.thread
    located = locate(locked, [place]).get(place)
    if located is None:
        raise RuleViolation(
            "Cet endroit n’est pas, ou n’est plus, dans le contrat : "
            "ouvrez l’échange depuis la page concernée."
        )
    words, people = _read(text, mentioned, locked)
    thread = Thread.objects.create(
        contract=locked,
        place=str(place),
        place_label=located.label[:400],
        place_text=located.text[:LONGEST_QUOTE],
        opened_by=by,
        institution=institution,
    )
    _write(thread, MessageKind.TEXT, words, people=people, token=token, by=by, institution=institution)
    record(locked, "thread.opened", f"Échange ouvert sur « {located.label[:200]} ».", by=by)
    return thread


@transaction.atomic
def reply(
    thread: Thread,
    *,
    text: str,
    mentioned: Iterable[int] = (),
    token: uuid.UUID,
    settles: bool = False,
    by: User,
) -> Message:
    """A new message in `thread`, which it also marks as settled when `settles` and it is open.

    Returns the message of before for a `token` of before. Raises as `open_thread`.
    """
    locked = _locked(thread)
    institution = _speaks_for(by, locked.contract)
    before = _sent_before(token, by)
    if before is not None:
        if before.thread_id != locked.pk:
            raise RuleViolation(_SENT_TWICE)
        return before
    words, people = _read(text, mentioned, locked.contract)
    message = _write(
        locked, MessageKind.TEXT, words, people=people, token=token, by=by, institution=institution
    )
    if settles and not locked.is_settled:
        _settle(locked, institution, by=by)
    return message


@transaction.atomic
def settle_thread(thread: Thread, *, by: User) -> Thread:
    """Mark `thread` as settled. Raises WrongState when somebody did it before, NotAllowed as `reply`."""
    locked = _locked(thread)
    institution = _speaks_for(by, locked.contract)
    if locked.is_settled:
        raise WrongState(f"Cet échange est déjà marqué comme réglé par {locked.settled_by}.")
    _settle(locked, institution, by=by)
    return locked


@transaction.atomic
def reopen_thread(thread: Thread, *, by: User) -> Thread:
    """Open a settled `thread` again. Raises WrongState when it is open already, NotAllowed as `reply`."""
    locked = _locked(thread)
    institution = _speaks_for(by, locked.contract)
    if not locked.is_settled:
        raise WrongState("Cet échange est déjà rouvert.")
    locked.state, locked.settled_by, locked.settled_at = ThreadState.OPEN, None, None
    _write(locked, MessageKind.REOPENED, "", by=by, institution=institution)
    record(locked.contract, "thread.reopened", f"Échange rouvert sur « {locked.place_label[:200]} ».", by=by)
    return locked


def mark_read(thread: Thread, *, by: User) -> None:
    """Note that `by` has seen every message of `thread` that it has now."""
    _note_reading(thread, thread.message_count, by)


def _settle(thread: Thread, institution: Institution, *, by: User) -> None:
    thread.state, thread.settled_by, thread.settled_at = ThreadState.SETTLED, by, timezone.now()
    _write(thread, MessageKind.SETTLED, "", by=by, institution=institution)
    record(thread.contract, "thread.settled", f"Échange réglé sur « {thread.place_label[:200]} ».", by=by)


def _write(
    thread: Thread,
    kind: MessageKind,
    text: str,
    *,
    people: Iterable[int] = (),
    token: uuid.UUID | None = None,
    by: User,
    institution: Institution,
) -> Message:
    """The next message of `thread`, whose row is locked or new; stores the thread's own changes too."""
    thread.message_count += 1
    thread.last_message_at = timezone.now()
    thread.save()
    try:
        with transaction.atomic():
            message = Message.objects.create(
                thread=thread,
                number=thread.message_count,
                kind=kind,
                by=by,
                institution=institution,
                at=thread.last_message_at,
                text=text,
                token=token,
            )
    except IntegrityError as error:
        # The same token in two threads at the same instant: a forged form.
        raise RuleViolation(_SENT_TWICE) from error
    Mention.objects.bulk_create(Mention(message=message, person_id=pk) for pk in people)
    _note_reading(thread, message.number, by)
    return message


def _note_reading(thread: Thread, number: int, by: User) -> None:
    changed = ThreadReading.objects.filter(thread=thread, person=by, last_number__lt=number).update(
        last_number=number, at=timezone.now()
    )
    if not changed:
        # Nothing when it is read already, here or in another window.
        ThreadReading.objects.bulk_create(
            [ThreadReading(thread=thread, person=by, last_number=number)], ignore_conflicts=True
        )


def _locked(thread: Thread) -> Thread:
    return (
        Thread.objects.select_for_update(of=("self",))
        .select_related("contract__territory__region", "settled_by", "institution")
        .get(pk=thread.pk)
    )


def _speaks_for(by: User, contract: Contract) -> Institution:
    institution = institution_of(by, contract.territory)
    if institution is None or not may_comment(by, contract):
        raise NotAllowed("Seules les personnes qui suivent ce contrat peuvent y prendre la parole.")
    return institution


def _sent_before(token: uuid.UUID, by: User) -> Message | None:
    before = Message.objects.select_related("thread").filter(token=token).first()
    if before is not None and before.by_id != by.pk:
        raise RuleViolation(_SENT_TWICE)
    return before


def _read(text: str, mentioned: Iterable[int], contract: Contract) -> tuple[str, list[int]]:
    """The words to store and the people whom they mention, each once."""
    words = cleaned(text)
    if not words:
        raise RuleViolation("Écrivez votre message.")
    if len(words) > LONGEST_MESSAGE:
        raise RuleViolation(
            f"Ce message a {len(words)} caractères, {LONGEST_MESSAGE} au plus : "
            "raccourcissez-le ou envoyez-le en plusieurs fois."
        )
    present = people_who_see(contract)
    found = find_mentions(
        words, [Addressee(each.person.pk, str(each.person), each.person.email) for each in present]
    )
    if found.unknown:
        raise RuleViolation(
            f"« @{found.unknown[0]} » ne désigne personne qui suit ce contrat : choisissez la personne "
            "dans la liste, ou ôtez l’arobase."
        )
    if found.ambiguous:
        raise RuleViolation(
            f"Plusieurs personnes s’appellent « {found.ambiguous[0]} » : écrivez l’adresse électronique de "
            "la bonne après l’arobase, ou choisissez-la dans la liste."
        )
    who = {each.person.pk for each in present}
    chosen = list(dict.fromkeys([*mentioned, *found.people]))
    if any(pk not in who for pk in chosen):
        raise RuleViolation(
            "La personne choisie ne suit pas ce contrat : elle ne verrait pas l’échange. Choisissez "
            "quelqu’un de la liste."
        )
    return words, chosen
