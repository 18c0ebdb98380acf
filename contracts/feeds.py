"""The calendar of a feed, as iCalendar (RFC 5545): one all-day event a duty, the same identity for good (C5).

It holds what the person of the feed may see on the day of the request, and nothing once they are disabled,
belong to no institution any more, or lost the contract's territory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar, Event

from cdppe.accounts.models import User
from contracts.actions.feeds import token_hash
from contracts.calendar import Duty
from contracts.models import CalendarFeed, Contract
from contracts.overview import PARTIES, duties_of, reader_kinds, turn, with_calendar

PRODUCT = "-//CDPPE//Calendrier des contrats//FR"
REFRESHED_EVERY = dt.timedelta(hours=6)
CONTENT_TYPE = "text/calendar; charset=utf-8"


def find_feed(token: str) -> CalendarFeed | None:
    """The feed of a secret address, of a person who still has an account in order; else None."""
    return (
        CalendarFeed.objects.select_related("user", "contract")
        .filter(token_hash=token_hash(token), user__is_active=True)
        .first()
    )


def feed_address(feed: CalendarFeed) -> str:
    """The secret address, as the person copies it into their own program."""
    return f"{settings.PUBLIC_URL}{reverse('contracts:feed', args=[feed.token])}"


def feed_content(feed: CalendarFeed) -> bytes | None:
    """The iCalendar of `feed`; None when its person may not see its contract, or belongs nowhere any more."""
    user = feed.user
    contracts = Contract.objects.visible_to(user)
    if feed.contract_id is not None:
        contracts = contracts.filter(pk=feed.contract_id)
    found = list(with_calendar(contracts))
    if (feed.contract_id is not None and not found) or not user.current_memberships:
        return None
    name = f"CDPPE {found[0].territory.name}" if feed.contract_id is not None else "CDPPE"
    return calendar_of(found, user, name=name, only_mine=feed.only_mine)


def calendar_of(contracts: Iterable[Contract], user: User, *, name: str, only_mine: bool) -> bytes:
    """The dated duties of `contracts` (of `with_calendar`) for `user`, theirs alone with `only_mine`."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESHED_EVERY)
    calendar.add("x-published-ttl", "PT6H")
    today = timezone.localdate()
    for contract in contracts:
        kinds = reader_kinds(user, contract)
        stamps = {f"step-{step.pk}": step.updated_at for step in contract.calendar_steps.all()}
        stamps |= {
            f"deadline-{each.deadline_id}": each.granted_at
            for each in contract.territory.deadline_extensions.all()
        }
        for duty in duties_of(contract, today=today):
            is_mine = turn(duty.turn or PARTIES, kinds).is_mine
            if _is_told(duty, today) and (is_mine or not only_mine):
                stamp = max(stamps.get(duty.anchor, contract.updated_at), contract.updated_at)
                calendar.add_component(_event(contract, duty, stamp=stamp, is_mine=is_mine))
    return calendar.to_ical()


def _is_told(duty: Duty, today: dt.date) -> bool:
    """Dated; what was closed before its date, nobody waits for: it is no longer in anybody's calendar."""
    return duty.on is not None and (duty.done_on is not None or not duty.is_closed or duty.on < today)


def _event(contract: Contract, duty: Duty, *, stamp: dt.datetime, is_mine: bool) -> Event:
    assert duty.on is not None  # calendar_of keeps the dated ones
    page = f"{settings.PUBLIC_URL}{reverse('contracts:calendar', args=[contract.reference])}#{duty.anchor}"
    event = Event()
    event.add("uid", f"{contract.reference}.{duty.anchor}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    event.add("dtstart", duty.on)
    event.add("dtend", duty.on + dt.timedelta(days=1))
    said = "Fait : " if duty.done_on is not None else "Passé : " if duty.is_closed else ""
    event.add("summary", f"{said}{duty.label} – {contract}")
    event.add("description", _description(duty, is_mine=is_mine, page=page))
    event.add("url", page)
    event.add("transp", "TRANSPARENT")
    event.add("categories", ["CDPPE"])
    return event


def _description(duty: Duty, *, is_mine: bool, page: str) -> str:
    said = [
        turn(duty.turn or PARTIES, frozenset()).label + (" (dont vous)." if is_mine else "."),
        f"Attention : {duty.day_off}."
        if duty.day_off and duty.done_on is None and not duty.is_closed
        else "",
        duty.note,
        duty.description,
        page,
    ]
    return "\n\n".join(filter(None, said))
