"""What the daily digest tells the parties of the way to signature (K4): texts proposed, taken back, signed.

What we chose: everybody of a party is told, its readers too, within a fortnight; each thing once.
"""

from __future__ import annotations

import datetime as dt
import json

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from agreements.models import Ending, Proposal, Signature
from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestSettings, User
from cdppe.lib.french_words import joined
from contracts.models import Amendment, Contract
from contracts.overview import PARTIES, reader_kinds

SECTION = "agreements"
TOLD_WITHIN = dt.timedelta(days=14)
CHANGES_TOLD = 3


def way_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """What happened to the proposed texts of the contracts to which an institution of `user` is a party."""
    since = timezone.now() - TOLD_WITHIN
    contracts = Contract.objects.visible_to(user).with_context()
    proposals = (
        Proposal.objects.filter(contract__in=contracts)
        # A text of long ago may be taken back today.
        .filter(Q(proposed_at__gte=since) | Q(ended_at__gte=since))
        .select_related(
            "contract__territory__region", "contract__campaign", "version", "ended_by", "amendment"
        )
        .order_by("proposed_at")
    )
    lines = [
        line
        for proposal in proposals
        if reader_kinds(user, proposal.contract) & PARTIES
        for line in _lines(proposal)
    ]
    for contract in contracts.filter(_agreed_or_signed(since, of="contract")):
        if reader_kinds(user, contract) & PARTIES:
            lines += _signing(contract, since)
    for amendment in _amendments(user, since):
        if reader_kinds(user, amendment.contract) & PARTIES:
            lines += _amending(amendment, since)
    return DigestSection("Accord et signature", tuple(lines)) if lines else None


def _amendments(user: User, since: dt.datetime) -> QuerySet[Amendment]:
    """The amendments of which something happened lately."""
    return (
        Amendment.objects.visible_to(user)
        .filter(
            Q(opened_at__gte=since) | Q(abandoned_at__gte=since) | _agreed_or_signed(since, of="amendment")
        )
        .select_related("contract__territory__region", "contract__campaign", "opened_by", "abandoned_by")
        .order_by("opened_at")
    )


def _agreed_or_signed(since: dt.datetime, *, of: str) -> Q:
    """What all have agreed to since, or of which a signature was recorded since: a paper takes weeks.

    `of` is "contract" or "amendment": of the contracts themselves, or of the amendments.
    """
    recorded = Signature.objects.standing().filter(recorded_at__gte=since).order_by()
    texts = Proposal.objects.standing().filter(
        version__in=recorded.values("version"), amendment__isnull=of == "contract"
    )
    return Q(agreed_on__gte=since.date()) | Q(signed_on__isnull=False, pk__in=texts.order_by().values(of))


def _amending(amendment: Amendment, since: dt.datetime) -> list[DigestLine]:
    """An amendment opened, agreed to by all, signed by all, or given up."""
    contract, name = amendment.contract, f"{amendment.contract}, avenant n° {amendment.number}"
    page = reverse("agreements:amendment", args=[contract.reference, amendment.number])
    found = []
    if amendment.opened_at >= since:
        found.append(("opened", f"{name} : ouvert par {amendment.opened_by} – {amendment.object}"))
    if amendment.abandoned_at is not None:
        who = f" par {amendment.abandoned_by}" if amendment.abandoned_by else ""
        found.append(("abandoned", f"{name} : abandonné{who} – {amendment.abandoned_reason}"))
    if amendment.agreed_on is not None and amendment.agreed_on >= since.date():
        told = f"{name} : toutes les parties sont d’accord, les signatures peuvent être recueillies."
        found.append((f"agreed/{amendment.agreed_on}", told))
    if amendment.signed_on is not None and amendment.effect_on is not None:
        told = f"{name} : toutes les parties ont signé ; prise d’effet le {amendment.effect_on:%d/%m/%Y}."
        found.append((f"signed/{amendment.signed_on}", told))
    return [
        DigestLine(f"{contract.reference}/amendment.{amendment.number}/{key}", text, page)
        for key, text in found
    ]


def _lines(proposal: Proposal) -> list[DigestLine]:
    contract, number = proposal.contract, proposal.version.number
    name = f"{contract}, avenant n° {proposal.amendment.number}" if proposal.amendment else str(contract)
    subject = "le contrat" if proposal.amendment is None else "l’avenant"
    if proposal.ended_at is None:
        text = f"{name} : la version {number} est proposée à l’accord de votre institution."
        return [_line(contract, f"proposal.{proposal.pk}/proposed", text)]
    if proposal.ended_how == Ending.CHANGED:
        changes = json.loads(proposal.changes_text) if proposal.changes_text else []
        named = [f"{each['object_label']} – {each['field_label']}" for each in changes]
        rest = len(named) - CHANGES_TOLD
        told = joined(named[:CHANGES_TOLD]) + (f" et {rest} autres changements" if rest > 0 else "")
        text = f"{name} : {subject} a changé, les accords à la version {number} sont repris ({told})."
    else:
        how = proposal.get_ended_how_display()
        text = f"{name} : {how} par {proposal.ended_by}, version {number} – {proposal.reason}"
    return [_line(contract, f"proposal.{proposal.pk}/{proposal.ended_how}", text)]


def _signing(contract: Contract, since: dt.datetime) -> list[DigestLine]:
    agreed, lines = contract.agreed_on, []
    if agreed is not None and agreed >= since.date():
        text = f"{contract} : toutes les parties sont d’accord, les signatures peuvent être recueillies."
        lines.append(_line(contract, f"agreed/{agreed}", text))
    if contract.signed_on is not None and contract.effect_on is not None:
        text = f"{contract} : toutes les parties ont signé ; prise d’effet le {contract.effect_on:%d/%m/%Y}."
        lines.append(_line(contract, f"signed/{contract.signed_on}", text))
    return lines


def _line(contract: Contract, key: str, text: str) -> DigestLine:
    return DigestLine(
        f"{contract.reference}/{key}", text, reverse("agreements:way", args=[contract.reference])
    )
