"""What a public site says of itself: publisher, accessibility, personal data, plan.

The texts are templates; who publishes and hosts is the operator's, in the settings. What the operator did not
write is said to be not established: nothing is made up.

Source: loi n° 2004-575 du 21 juin 2004, article 1-1 (mentions légales); loi n° 2005-102 du 11 février 2005,
article 47, and décret n° 2019-768 (déclaration d'accessibilité, plan du site); règlement (UE) 2016/679,
articles 13 and 14 (données personnelles).
"""

from __future__ import annotations

import tomllib
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cdppe.accounts.abilities import can
from cdppe.home.templatetags.cdppe_navigation import PLACES
from contracts.workspace import parts

LINE_SEPARATOR = "|"
HOUR = 3600
ACCESSIBILITY_FILE = settings.BASE_DIR / "fixtures" / "legal" / "accessibility.toml"
"""What the declaration dates: the law that it applies, its own day."""


def _operator() -> dict[str, Any]:
    """What the operator wrote of the site; empty where it did not."""
    return {
        "publisher": _lines(settings.PUBLISHER),
        "director": settings.PUBLICATION_DIRECTOR,
        "host": _lines(settings.HOSTING_PROVIDER),
        "contact": settings.CONTACT_EMAIL,
        "data_protection": settings.DATA_PROTECTION_EMAIL,
    }


def _lines(text: str) -> list[str]:
    """The lines of a name and address, written in one setting.

    >>> _lines("Ministère | 1 rue de l’Exemple")
    ['Ministère', '1 rue de l’Exemple']
    """
    return [line.strip() for line in text.split(LINE_SEPARATOR) if line.strip()]


@login_not_required
@require_safe
def legal_notice(request: HttpRequest) -> HttpResponse:
    """Publisher, director of the publication, host, rights."""
    return render(request, "home/legal_notice.html", _operator())


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The declaration of accessibility: not audited, hence not compliant."""
    declared = tomllib.loads(ACCESSIBILITY_FILE.read_text(encoding="utf-8"))
    context = _operator() | declared | {"public_url": settings.PUBLIC_URL}
    return render(request, "home/accessibility.html", context)


@login_not_required
@require_safe
def personal_data(request: HttpRequest) -> HttpResponse:
    """What the site keeps of people, why, who reads it, and their rights."""
    session_hours = settings.SESSION_COOKIE_AGE // HOUR
    return render(request, "home/personal_data.html", _operator() | {"session_hours": session_hours})


@login_not_required
@require_safe
def site_map(request: HttpRequest) -> HttpResponse:
    """The places that are open to whoever asks, and the parts of a contract."""
    user = request.user
    places = [
        {"label": label, "url": reverse(route)}
        for label, route, ability in PLACES
        if user.is_authenticated and (ability is None or can(user, ability))
    ]
    institutions = (
        [membership.institution for membership in user.current_memberships] if user.is_authenticated else []
    )
    context = {
        "is_signed_in": user.is_authenticated,
        "places": places,
        "institutions": institutions,
        "parts": [part.label for part in parts()] if user.is_authenticated else [],
    }
    return render(request, "home/site_map.html", context)
