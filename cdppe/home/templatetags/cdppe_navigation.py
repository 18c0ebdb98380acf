"""The header of every page: the places a person may go to."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import RequestContext
from django.urls import reverse

from cdppe.accounts.abilities import Ability, can

register = template.Library()

# Label, route, the ability without which the place is not offered.
PLACES: tuple[tuple[str, str, Ability | None], ...] = (
    ("Accueil", "home:index", None),
    ("Contrats", "contracts:list", None),
    ("Rechercher", "contracts:search-all", None),
    ("Répartition", "funding:allocation-list", Ability.ALLOCATION_READ),
    ("Transmissions", "agreements:received-transmissions", Ability.NATION_FOLLOW),
    ("Journal", "contracts:site-journal", Ability.NATION_FOLLOW),
)


@register.inclusion_tag("layout/header.html", takes_context=True)
def navigation(context: RequestContext, *, offers_sign_in: bool = True) -> dict[str, Any]:
    """The State's header, with the menu, the institutions and the account of whoever asks for the page.

    An error page may be drawn without a request: it gets the header of a visitor, without « Se connecter »
    (the person may well be signed in).
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {
            "person": None,
            "items": [],
            "institutions": [],
            "offers_sign_in": offers_sign_in and request is not None,
            "csrf_token": "",
        }
    return {
        "person": user,
        "items": [
            _item(request.path, label, reverse(route))
            for label, route, ability in PLACES
            if ability is None or can(user, ability)
        ],
        "institutions": [membership.institution for membership in user.current_memberships],
        "offers_sign_in": False,
        "csrf_token": context["csrf_token"],
    }


def _item(path: str, label: str, url: str) -> dict[str, str]:
    # "page" for the place itself, "true" for what lies below it: the value of aria-current.
    current = ""
    if path == url:
        current = "page"
    elif url != reverse("home:index") and path.startswith(url):
        current = "true"
    return {"label": label, "url": url, "current": current}
