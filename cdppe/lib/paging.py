"""The address of a long list that is shown page by page."""

from __future__ import annotations

from django.http import HttpRequest


def query_without_page(request: HttpRequest) -> str:
    """What the address asks besides its page, for the links of a pagination to add theirs."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
