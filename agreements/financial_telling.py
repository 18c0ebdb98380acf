"""What the daily digest tells the parties of the financial amendments prepared lately (rule V1)."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from agreements.telling import TOLD_WITHIN
from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestSettings, User
from contracts.models import Amendment, AmendmentKind
from contracts.overview import PARTIES, reader_kinds

SECTION = "financial-amendments"


def amendment_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """The financial amendments that somebody else opened on the contracts of the parties of `user`."""
    found = (
        Amendment.objects.visible_to(user)
        .filter(
            kind=AmendmentKind.FINANCIAL,
            opened_at__gte=timezone.now() - TOLD_WITHIN,
            abandoned_at__isnull=True,
        )
        .exclude(opened_by=user)
        .select_related("contract__territory__region", "contract__campaign", "opened_by")
        .order_by("opened_at", "pk")
    )
    lines = tuple(
        DigestLine(
            f"financial-amendment.{each.pk}",
            f"{each.contract} : avenant financier {each.year} préparé par {each.opened_by}, à relire.",
            reverse("agreements:amendment", args=[each.contract.reference, each.number]),
        )
        for each in found
        if reader_kinds(user, each.contract) & PARTIES
    )
    return DigestSection("Avenants financiers", lines) if lines else None
