"""Fetch and authorise in one step, for the pages of an institution."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from cdppe.accounts.abilities import administers
from cdppe.accounts.models import Institution, User


def signed_in(request: HttpRequest) -> User:
    """The person of the request: LoginRequiredMiddleware lets nobody else reach a private view."""
    return cast(User, request.user)


def get_institution(request: HttpRequest, pk: int, *, administered: bool = False) -> Institution:
    """The institution `pk`, if the person belongs to it, and administers it where that is asked.

    Raises Http404 for an institution of others, PermissionDenied for a member who does not administer it.
    """
    user = signed_in(request)
    institution = get_object_or_404(Institution.objects.visible_to(user), pk=pk)
    if administered and not administers(user, institution):
        raise PermissionDenied(
            f"Seules les personnes qui administrent « {institution} » peuvent modifier "
            "la liste de ses membres."
        )
    return institution
