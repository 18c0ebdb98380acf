"""What DGCS expects of a contract and by when, what of it is missing, what was sent (rules C2, K5, P2).

Which national deadlines ask for a sending, and of what, is the column `sends` of
fixtures/calendar/deadlines.csv, by the codes of the campaign's file. What we chose: nothing bars a sending
but an empty content (circulaire, I-B: « le plus rapidement possible »); what is missing is said, and kept
with what was sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from agreements.models import (
    ContractVersion,
    RemarkKind,
    Transmission,
    TransmissionReceipt,
    TransmissionRemark,
)
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestSettings, User
from contracts.compliance import report_of
from contracts.models import Contract, Deadline
from contracts.overview import extension_note, facts_of
from contracts.progress import FINANCING_FIELD, Facts, pieces
from contracts.retroplanning import pieces_sent
from contracts.workspace import Progress, Stage
from funding.plan import envelope_balances

CODE = "transmissions"
"""The part of the workspace, and the section of the digest."""

SIGNED = "signed"
AMOUNTS = "amounts"
TOLD_WITHIN = dt.timedelta(days=14)

_HAS: dict[str, Callable[[Facts], bool]] = {
    "contacts": lambda facts: bool(facts.contact_kinds),
    "dashboard": lambda facts: facts.dashboard_count > 0,
    "sheets": lambda facts: bool(facts.sheets),
}
"""The pieces without any of which there is nothing to send."""


@dataclass(frozen=True)
class Lack:
    """Something that is missing of what is sent, and the page where it is written."""

    label: str
    detail: str
    url: str

    @property
    def sentence(self) -> str:
        return f"{self.label} : {self.detail}" if self.detail else self.label


@dataclass(frozen=True)
class Expected:
    """One national deadline that asks for a sending, as it stands for one contract."""

    deadline: Deadline
    due_on: dt.date
    note: str
    done_on: dt.date | None
    lacks: tuple[Lack, ...]
    is_empty: bool
    settles: bool
    """Sending holds the deadline: always, but for a signed contract that is not signed yet."""
    sent: tuple[Transmission, ...]
    is_late: bool


def asks_for_sending(deadline: Deadline) -> bool:
    """Whether something is sent to DGCS for `deadline`."""
    return bool(pieces_sent(deadline.code))


def is_signed(contract: Contract) -> bool:
    """Whether all of its parties have signed `contract`."""
    return contract.signed_on is not None


def expected_of(contract: Contract, *, today: dt.date) -> tuple[Expected, ...]:
    """What is expected of `contract` (of `with_facts`), in the order of the dates; one query."""
    sent: dict[int, list[Transmission]] = {}
    for each in Transmission.objects.filter(contract=contract).for_lists():
        # The very object that the page has: its references are read without a query.
        each.contract = contract
        sent.setdefault(each.deadline_id, []).append(each)
    found = [
        expected(contract, deadline, today=today, sent=sent.get(deadline.pk, ()))
        for deadline in contract.campaign.deadlines.all()
        if asks_for_sending(deadline)
    ]
    return tuple(sorted(found, key=lambda each: (each.due_on, each.deadline.pk)))


def expected(
    contract: Contract, deadline: Deadline, *, today: dt.date, sent: Iterable[Transmission] = ()
) -> Expected:
    """What `deadline` expects of `contract` (of `with_facts`), without a query."""
    extension = next(
        (each for each in contract.territory.deadline_extensions.all() if each.deadline_id == deadline.pk),
        None,
    )
    due_on = extension.due_on if extension is not None else deadline.due_on
    done_on = next(
        (each.done_on for each in contract.settled_deadlines.all() if each.deadline_id == deadline.pk), None
    )
    codes = pieces_sent(deadline.code)
    facts = facts_of(contract)
    needed = [_HAS[code] for code in codes if code in _HAS]
    return Expected(
        deadline=deadline,
        due_on=due_on,
        note=extension_note(extension, deadline.due_on),
        done_on=done_on,
        lacks=_lacks(contract, facts, codes),
        is_empty=bool(needed) and not any(has(facts) for has in needed),
        settles=SIGNED not in codes or is_signed(contract),
        sent=tuple(sent),
        is_late=done_on is None and due_on < today,
    )


def _lacks(contract: Contract, facts: Facts, codes: tuple[str, ...]) -> tuple[Lack, ...]:
    found = [
        Lack(piece.label, piece.detail, reverse(piece.route, args=[contract.reference]))
        for piece in pieces(facts)
        if piece.code in codes and not piece.is_done
    ]
    numbers = sorted(sheet.number for sheet in facts.sheets if FINANCING_FIELD in sheet.missing_fields)
    unpaid = [f"n° {number}" for number in numbers]
    if AMOUNTS in codes and (unpaid or not facts.sheets):
        url = reverse("contracts:sheets", args=[contract.reference])
        detail = f"Fiches sans montant : {', '.join(unpaid)}." if unpaid else "Aucun n’est saisi."
        found.append(Lack("Montants", detail, url))
    if SIGNED in codes and not is_signed(contract):
        url = reverse("contracts:detail", args=[contract.reference])
        state = contract.get_state_display()
        found.append(Lack("Signature", f"Le contrat est à l’état « {state} ».", url))
    return tuple(found)


def findings_kept(contract: Contract) -> list[dict[str, str]]:
    """What a transmission keeps of the compliance of `contract`: what blocks, what is to be checked."""
    report = report_of(contract)
    return [
        {
            "severity": line.rule.severity.label,
            "number": line.rule.number,
            "sentence": line.finding.sentence,
        }
        for line in (*report.blocking, *report.to_check)
    ]


def amounts_kept(contract: Contract) -> list[dict[str, Any]]:
    """What a transmission keeps of the money of `contract`: euros as text, None where nothing is stated."""
    return [
        {
            "envelope": balance.label,
            "year": line.year,
            "notified": None if line.notified is None else str(line.notified),
            "planned": None if line.planned is None else str(line.planned),
        }
        for balance in envelope_balances(contract)
        for line in balance.stated_years
        if line.notified is not None or line.planned is not None
    ]


def version_before(transmission: Transmission) -> ContractVersion | None:
    """The version that was sent to DGCS before this one, of the same contract; None for the first."""
    before = (
        Transmission.objects.filter(contract=transmission.contract_id, number__lt=transmission.number)
        .select_related("version")
        .order_by("-number")
        .first()
    )
    return before.version if before is not None else None


def measure_transmissions(contract: Contract, user: User) -> Progress | None:
    """How many of what is expected was sent; nothing where a campaign expects nothing; one query."""
    waited = [each.pk for each in contract.campaign.deadlines.all() if asks_for_sending(each)]
    if not waited:
        return None
    sent = set(
        Transmission.objects.filter(contract=contract).order_by().values_list("deadline_id", flat=True)
    )
    done = len(sent & set(waited))
    stage = Stage.EMPTY if not done else Stage.DONE if done == len(waited) else Stage.STARTED
    words = f"{done} envoi{'s' if done > 1 else ''} à la DGCS sur {len(waited)} attendus"
    return Progress(stage, f"{done}/{len(waited)}", words)


def digest_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """What the digest tells of the transmissions of the last fortnight; None when there is nothing to tell.

    The ministry's people are told of what arrived and has no receipt; the parties, of the receipts and of
    the technical advices (not of the notes for the file). It follows the choice made for the exchanges. The
    digest itself remembers what was told once.
    """
    if not settings.tells_exchanges:
        return None
    if can(user, Ability.NATION_FOLLOW):
        return _section("Transmissions reçues", _arrived(user))
    return _section("Réponses de la DGCS", _answered(user))


def _section(title: str, lines: list[DigestLine]) -> DigestSection | None:
    return DigestSection(title, tuple(lines)) if lines else None


def _arrived(user: User) -> list[DigestLine]:
    found = (
        Transmission.objects.visible_to(user)
        .for_lists()
        .filter(sent_at__gt=timezone.now() - TOLD_WITHIN, receipt__isnull=True)
    )
    return [
        DigestLine(
            f"transmission.{each.pk}",
            f"{each.contract} : {each.deadline.label}, envoyé par {each.sent_by} ({each.institution})",
            reverse("agreements:transmission-review", args=[each.uid]),
        )
        for each in found
    ]


def _answered(user: User) -> list[DigestLine]:
    since = timezone.now() - TOLD_WITHIN
    mine = Transmission.objects.visible_to(user)
    receipts = TransmissionReceipt.objects.filter(transmission__in=mine, received_at__gt=since)
    advices = TransmissionRemark.objects.filter(
        transmission__in=mine, kind=RemarkKind.ADVICE, at__gt=since
    ).order_by("at", "pk")
    return [
        *(
            _answer(f"receipt.{each.pk}", "réception accusée par la DGCS", each.transmission)
            for each in receipts.select_related(*_READ_WITH).order_by("received_at", "pk")
        ),
        *(
            _answer(f"advice.{each.pk}", "avis technique de la DGCS", each.transmission)
            for each in advices.select_related(*_READ_WITH)
        ),
    ]


_READ_WITH = (
    "transmission__contract__territory__region",
    "transmission__contract__campaign",
    "transmission__deadline",
)


def _answer(key: str, what: str, sent: Transmission) -> DigestLine:
    return DigestLine(
        key,
        f"{sent.contract} : {what} sur la transmission n° {sent.number} ({sent.deadline.label})",
        reverse("agreements:transmission", args=[sent.contract.reference, sent.number]),
    )
