"""Opening, renewing and revoking a calendar's secret address (C5).

What we chose: 32 random bytes, looked up by their SHA-256 and kept encrypted (BANK_DATA_KEY), because the
page has to show the address again and a copy of the database must not open anybody's calendar. A contract's
feed is a person's too: it dies with their access.
"""

from __future__ import annotations

import hashlib
import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import WrongState
from contracts.models import CalendarFeed, Contract

TOKEN_BYTES = 32


def token_hash(token: str) -> str:
    """The SHA-256 of a secret, in hexadecimal: what a feed is looked up by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def open_feed(user: User, contract: Contract | None, *, only_mine: bool) -> CalendarFeed:
    """The feed of `user` for `contract` (None: all those they follow), opened or with its choice changed.

    The address of a feed that is open already stays as it is.
    """
    feed = (
        CalendarFeed.objects.select_for_update().filter(user=user, contract=contract).order_by("pk").first()
    )
    if feed is not None:
        feed.only_mine = only_mine
        feed.save(update_fields=["only_mine"])
        return feed
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        with transaction.atomic():
            return CalendarFeed.objects.create(
                user=user,
                contract=contract,
                only_mine=only_mine,
                token=token,
                token_hash=token_hash(token),
            )
    except IntegrityError:
        # Two clicks at once: the constraint lets the first one through, and it is what both wanted.
        return CalendarFeed.objects.get(user=user, contract=contract)


@transaction.atomic
def renew_feed(feed: CalendarFeed, *, by: User) -> CalendarFeed:
    """A new secret address; the former one answers 404 from now on. Raises WrongState once revoked."""
    stored = _locked(feed, by)
    stored.token = secrets.token_urlsafe(TOKEN_BYTES)
    stored.token_hash = token_hash(stored.token)
    stored.created_at = timezone.now()
    stored.save(update_fields=["token", "token_hash", "created_at"])
    return stored


@transaction.atomic
def revoke_feed(feed: CalendarFeed, *, by: User) -> None:
    """Close the address for good. Raises WrongState when it is closed already."""
    _locked(feed, by).delete()


def _locked(feed: CalendarFeed, by: User) -> CalendarFeed:
    # Not in the model's order: it joins the contract, and PostgreSQL locks no row of an outer join.
    found = CalendarFeed.objects.visible_to(by).select_for_update().filter(pk=feed.pk).order_by("pk").first()
    if found is None:
        raise WrongState("Cet abonnement est déjà supprimé.")
    return found
