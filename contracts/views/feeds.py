"""A person's calendar feeds: opened, renewed, revoked from a page, read without signing in (C5)."""

from __future__ import annotations

import hashlib

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import require_GET, require_POST, require_safe

from cdppe.accounts.throttle import Throttle, client_address
from cdppe.lib.errors import RuleViolation
from contracts.actions.feeds import open_feed, renew_feed, revoke_feed, token_hash
from contracts.feeds import CONTENT_TYPE, feed_address, feed_content, find_feed
from contracts.forms import FeedForm
from contracts.models import CalendarFeed, Contract
from contracts.views.access import signed_in

FEED_READS = Throttle("calendar-feed", limit=60, seconds=10 * 60)
UNKNOWN_FEEDS = Throttle("calendar-feed-unknown", limit=200, seconds=10 * 60)
CACHED_SECONDS = 15 * 60


@require_GET
def feeds(request: HttpRequest) -> HttpResponse:
    """The person's feeds with their addresses: the one of all their contracts, and those of single ones."""
    user = signed_in(request)
    mine = list(
        CalendarFeed.objects.visible_to(user).select_related("contract__territory", "contract__campaign")
    )
    own = next((feed for feed in mine if feed.contract_id is None), None)
    context = {
        "own": own,
        "own_address": feed_address(own) if own else "",
        "own_form": FeedForm(initial={"only_mine": own.only_mine if own else True}),
        "single": [
            {"feed": feed, "address": feed_address(feed)} for feed in mine if feed.contract_id is not None
        ],
    }
    return render(request, "contracts/feeds.html", context)


@require_POST
def feed_open(request: HttpRequest) -> HttpResponse:
    """Open a feed, or change what an open one holds."""
    user = signed_in(request)
    form = FeedForm(request.POST)
    if not form.is_valid():
        raise Http404
    reference = form.cleaned_data["contract"]
    contract = (
        get_object_or_404(Contract.objects.visible_to(user), reference=reference) if reference else None
    )
    open_feed(user, contract, only_mine=form.cleaned_data["only_mine"])
    messages.success(request, "L’abonnement est prêt : copiez son adresse dans votre agenda.")
    return _back(contract)


@require_POST
def feed_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """A new address for a feed; the former one answers no more."""
    user = signed_in(request)
    feed = get_object_or_404(CalendarFeed.objects.visible_to(user).select_related("contract"), pk=pk)
    try:
        renew_feed(feed, by=user)
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’ancienne adresse ne répond plus : copiez la nouvelle dans votre agenda.")
    return redirect("contracts:feeds")


@require_POST
def feed_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a feed."""
    user = signed_in(request)
    feed = get_object_or_404(CalendarFeed.objects.visible_to(user), pk=pk)
    try:
        revoke_feed(feed, by=user)
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’abonnement est supprimé : son adresse ne répond plus.")
    return redirect("contracts:feeds")


def _back(contract: Contract | None) -> HttpResponse:
    if contract is None:
        return redirect("contracts:feeds")
    return redirect(f"{redirect('contracts:calendar', contract.reference)['Location']}#abonnement")


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The iCalendar of a secret address; 404 for any other, whatever the reason."""
    address = client_address(request)
    if UNKNOWN_FEEDS.is_exceeded(address) or FEED_READS.is_exceeded(token):
        return HttpResponse(status=429, headers={"Retry-After": "600"})
    found = find_feed(token)
    content = feed_content(found) if found is not None else None
    if content is None:
        UNKNOWN_FEEDS.count(address)
        raise Http404
    FEED_READS.count(token)
    etag = quote_etag(hashlib.sha256(content).hexdigest())
    response = HttpResponse(
        content,
        content_type=CONTENT_TYPE,
        headers={
            "ETag": etag,
            "X-Robots-Tag": "noindex",
            "Content-Disposition": f'inline; filename="cdppe-{token_hash(token)[:8]}.ics"',
        },
    )
    patch_cache_control(response, private=True, max_age=CACHED_SECONDS)
    return get_conditional_response(request, etag=etag, response=response) or response
