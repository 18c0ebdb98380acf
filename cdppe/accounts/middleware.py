"""Says, for the time of a request, from which network it comes (`cdppe.lib.origin`)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from cdppe.accounts.throttle import client_address
from cdppe.lib.origin import coming_from, network_of


def origin_of_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """The middleware: what the request does is known to come from its client's network."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with coming_from(network_of(client_address(request))):
            return get_response(request)

    return middleware
