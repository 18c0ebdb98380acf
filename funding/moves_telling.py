"""What the daily digest tells of the moves of credits: to the institution that is informed (rule M7)."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestSettings, User
from cdppe.lib.money import format_euros
from contracts.overview import reader_kinds
from funding.models import CreditMove, Payer
from funding.moves import INFORMED

SECTION = "credit-moves"
TOLD_WITHIN = dt.timedelta(days=14)


def move_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """The moves lately recorded of envelopes that an institution of `user` orders the payment of."""
    found = (
        CreditMove.objects.visible_to(user)
        .filter(recorded_at__gte=timezone.now() - TOLD_WITHIN)
        .exclude(recorded_by=user)
        .select_related(
            "contract__territory__region", "contract__campaign", "envelope", "from_sheet", "to_sheet"
        )
        .order_by("recorded_at", "pk")
    )
    lines = tuple(
        DigestLine(
            f"credit-move.{move.pk}",
            f"{move.contract} : {format_euros(move.amount)} de {move.envelope.label} {move.year} passent de "
            f"la fiche n° {move.from_sheet.number} à la fiche n° {move.to_sheet.number} – {move.reason}",
            reverse("funding:moves", args=[move.contract.reference]),
        )
        for move in found
        if INFORMED[Payer(move.informed_kind)] in reader_kinds(user, move.contract)
    )
    return DigestSection("Mouvements de crédits", lines) if lines else None
