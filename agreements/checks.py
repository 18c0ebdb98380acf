"""What `manage.py check --deploy` says of the signed files' environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info


def check_antivirus(**_kwargs: Any) -> Sequence[CheckMessage]:
    """An error without an antivirus, a remark without trusted authorities."""
    found: list[CheckMessage] = []
    if not settings.CLAMD_URL:
        found.append(
            Error(
                "CLAMD_URL is missing: no signed file would ever be examined or served.",
                hint="Write tcp://host:3310 or unix:///run/clamav/clamd.ctl.",
                id="agreements.E001",
            )
        )
    if settings.SIGNATURE_ROOTS is None:
        found.append(
            Info(
                "SIGNATURE_ROOTS is missing: every electronic signature will be said to come from an unknown "
                "authority.",
                hint="Write the folder that holds the PEM certificates of the authorities that you trust.",
                id="agreements.I001",
            )
        )
    return found
