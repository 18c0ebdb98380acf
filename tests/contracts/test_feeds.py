"""The calendar feeds: what they hold, for whom, and when their address stops answering (C5)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from icalendar import Calendar

from contracts.actions.calendar import add_step, grant_extension, mark_step
from contracts.actions.feeds import open_feed, renew_feed, revoke_feed, token_hash
from contracts.models import CalendarFeed, Contract
from tests.cast import Cast
from tests.factories import ContractFactory
from tests.queries import count_queries


def address(feed: CalendarFeed) -> str:
    return f"/calendriers/{feed.token}.ics"


def read(feed: CalendarFeed) -> list[Any]:
    """The events of `feed`, as another program reads them."""
    answer = Client().get(address(feed))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"]
    return list(calendar.walk("VEVENT"))


def summaries(feed: CalendarFeed) -> list[str]:
    return [str(event["SUMMARY"]) for event in read(feed)]


def test_each_duty_is_an_all_day_event_with_words_and_a_link(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, cast.contract, only_mine=False)
    first, step = read(feed)
    assert str(first["SUMMARY"]) == "Première version du tableau de bord – Isère – 2030-2032"
    assert first["DTSTART"].dt == dt.date(2030, 7, 30)
    assert first["DTEND"].dt == dt.date(2030, 7, 31)
    assert first["DTSTART"].params["VALUE"] == "DATE"
    assert first["DTSTAMP"].dt.tzinfo is not None
    signature = cast.contract.calendar_steps.get()
    assert str(step["URL"]) == (f"{settings.PUBLIC_URL}/contrats/38-2030/calendrier/#step-{signature.pk}")
    assert "Aux trois parties (dont vous)." in str(step["DESCRIPTION"])


def test_an_event_keeps_its_identity_when_its_date_moves_and_its_stamp_follows(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, cast.contract, only_mine=False)
    before = {str(event["UID"]): event for event in read(feed)}
    assert len(before) == 2
    deadline = cast.campaign.deadlines.get()
    grant_extension(
        deadline, cast.isere, due_on=dt.date(2030, 9, 15), reason="Crue", version=0, by=cast.dgcs_editor
    )
    after = {str(event["UID"]): event for event in read(feed)}
    assert set(after) == set(before)
    moved = after[f"38-2030.deadline-{deadline.pk}@localhost"]
    assert moved["DTSTART"].dt == dt.date(2030, 9, 15)
    assert moved["DTSTAMP"].dt > before[str(moved["UID"])]["DTSTAMP"].dt
    said = str(moved["DESCRIPTION"])
    assert "Attention : dimanche." in said
    assert "prolongée par la DGCS : Crue." in said


def test_what_people_typed_stays_one_value(cast: Cast) -> None:
    hostile = "Comité; avec, virgules\\ et\r\nBEGIN:VALARM"
    add_step(
        cast.contract,
        fields={"label": hostile[:190], "fixed_on": dt.date(2030, 6, 3)},
        by=cast.council_editor,
    )
    feed = open_feed(cast.council_editor, cast.contract, only_mine=False)
    content = Client().get(address(feed)).content
    assert b"\nBEGIN:VALARM" not in content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert any(summary.startswith("Comité; avec, virgules\\ et") for summary in summaries(feed))


def test_what_is_done_is_said_done(cast: Cast) -> None:
    step = cast.contract.calendar_steps.get()
    mark_step(step, done_on=dt.date(2030, 1, 2), by=cast.council_editor)
    feed = open_feed(cast.council_editor, None, only_mine=False)
    assert "Fait : Signature – Isère – 2030-2032" in summaries(feed)


def test_a_feed_of_all_contracts_follows_what_the_person_follows(cast: Cast) -> None:
    own = open_feed(cast.council_editor, None, only_mine=False)
    national = open_feed(cast.dgcs_reader, None, only_mine=False)
    assert {summary.rpartition(" – ")[0].rpartition(" – ")[2] for summary in summaries(own)} == {"Isère"}
    assert len(summaries(national)) == 4


def test_a_feed_may_hold_only_what_is_the_person_s_turn(cast: Cast) -> None:
    step = cast.contract.calendar_steps.get()
    step.parties = ["ars"]
    step.save()
    feed = open_feed(cast.council_editor, cast.contract, only_mine=True)
    assert len(summaries(feed)) == 1
    assert open_feed(cast.council_editor, cast.contract, only_mine=False).token == feed.token
    assert len(summaries(feed)) == 2


def test_a_renewed_address_replaces_the_former_one_and_a_revoked_one_is_gone(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, None, only_mine=False)
    former = address(feed)
    renewed = renew_feed(feed, by=cast.council_editor)
    assert Client().get(former).status_code == 404
    assert Client().get(address(renewed)).status_code == 200
    revoke_feed(renewed, by=cast.council_editor)
    assert Client().get(address(renewed)).status_code == 404


@pytest.mark.parametrize("with_contract", [True, False])
def test_the_address_stops_when_the_person_leaves(cast: Cast, with_contract: bool) -> None:
    feed = open_feed(cast.council_editor, cast.contract if with_contract else None, only_mine=False)
    cast.council_editor.memberships.all().delete()
    assert Client().get(address(feed)).status_code == 404


def test_the_address_stops_when_the_account_is_disabled(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, None, only_mine=False)
    cast.council_editor.is_active = False
    cast.council_editor.save()
    assert Client().get(address(feed)).status_code == 404


def test_the_database_does_not_hold_the_address(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, None, only_mine=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, token_hash FROM contracts_calendarfeed")
        ((token, stored_hash),) = cursor.fetchall()
    assert feed.token not in token
    assert stored_hash == token_hash(feed.token)
    assert len(feed.token) >= 43


def test_a_program_that_has_the_last_version_is_told_so(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, None, only_mine=False)
    first = Client().get(address(feed))
    assert first.headers["Cache-Control"] == "private, max-age=900"
    again = Client().get(address(feed), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_asking_without_end_is_slowed_down(cast: Cast) -> None:
    feed = open_feed(cast.council_editor, None, only_mine=False)
    browser = Client()
    statuses = [browser.get(address(feed)).status_code for _ in range(62)]
    assert statuses.count(200) == 60
    assert statuses[-1] == 429
    guesses = [browser.get(f"/calendriers/essai-{n}.ics").status_code for n in range(205)]
    assert guesses.count(404) == 200
    assert guesses[-1] == 429


def test_a_feed_asks_as_many_queries_for_fifty_contracts_as_for_five(cast: Cast) -> None:
    feed = open_feed(cast.dgcs_reader, None, only_mine=False)

    def ask() -> None:
        assert Client().get(address(feed)).status_code == 200

    for _ in range(3):
        ContractFactory(campaign=cast.campaign)
    few = count_queries(ask)
    for _ in range(45):
        ContractFactory(campaign=cast.campaign)
    assert count_queries(ask) == few


def test_the_page_opens_shows_renews_and_revokes_one_s_own_feeds_alone(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    answer = client.post("/mon-compte/agenda/abonner/", {"contract": "38-2030"}, follow=True)
    feed = CalendarFeed.objects.get()
    assert f"{settings.PUBLIC_URL}{address(feed)}" in answer.content.decode()
    assert (feed.user, feed.contract, feed.only_mine) == (cast.council_editor, cast.contract, False)
    client.post("/mon-compte/agenda/abonner/", {"only_mine": "on"})
    assert f"{settings.PUBLIC_URL}{address(feed)}" in client.get("/mon-compte/agenda/").content.decode()
    client.force_login(cast.prefect_editor)
    assert feed.token not in client.get("/mon-compte/agenda/").content.decode()
    assert feed.token not in client.get("/contrats/38-2030/calendrier/").content.decode()
    for gesture in ("renouveler", "supprimer"):
        assert client.post(f"/mon-compte/agenda/{feed.pk}/{gesture}/").status_code == 404


def test_nobody_subscribes_to_a_contract_that_they_do_not_see(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    for reference in ("59-2030", "x", "a\x00b", "9" * 300):
        assert client.post("/mon-compte/agenda/abonner/", {"contract": reference}).status_code == 404
    assert not CalendarFeed.objects.exists()


def test_a_contract_without_a_date_of_effect_gives_its_dated_duties(cast: Cast) -> None:
    Contract.objects.update(planned_effect_on=None)
    feed = open_feed(cast.council_editor, cast.contract, only_mine=False)
    assert len(summaries(feed)) == 1
