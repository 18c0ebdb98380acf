"""The digest: composed from registered sections, one a day at most, never twice the same (C5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from smtplib import SMTPServerDisconnected
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from cdppe.accounts import digest
from cdppe.accounts.actions.digests import DigestReport, send_digests, stop_token
from cdppe.accounts.digest import DigestLine, DigestSection, register_digest_section
from cdppe.accounts.models import DigestFrequency, DigestSettings, SentDigest, User
from cdppe.accounts.tasks import send_reminders
from tests.factories import MembershipFactory

DAY = dt.date(2030, 5, 6)


def says(*lines: tuple[str, str]) -> digest.Builder:
    """A builder that always gives these (key, text)."""

    def build(user: User, choice: DigestSettings, on: dt.date) -> DigestSection:
        return DigestSection("Essai", tuple(DigestLine(key, text, f"/{key}/") for key, text in lines))

    return build


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No section but those of the test."""
    monkeypatch.setattr(digest, "_sections", {})
    return


@pytest.fixture
def person(db: None) -> User:
    return MembershipFactory(user__email="camille@exemple.fr").user


@pytest.mark.usefixtures("sections")
def test_sections_come_in_their_order_in_one_mail(person: User) -> None:
    register_digest_section("second", says(("b", "Deuxième\nchose")), position=20)
    register_digest_section("first", says(("a", "Première chose")), position=10)
    assert send_digests(on=DAY) == DigestReport(sent=1, refused=0)
    (message,) = mail.outbox
    assert message.to == [person.email]
    assert message.subject.endswith(": 2 rappels")
    assert message.body.index("- Première chose") < message.body.index("- Deuxième chose")
    assert f"{settings.PUBLIC_URL}/a/" in message.body
    assert message.extra_headers["List-Unsubscribe"].startswith(f"<{settings.PUBLIC_URL}/rappels/arreter/")


@pytest.mark.usefixtures("sections", "person")
def test_the_same_thing_is_told_once_and_a_day_has_one_mail() -> None:
    register_digest_section("one", says(("a", "Première chose")))
    assert send_digests(on=DAY).sent == 1
    assert send_digests(on=DAY).sent == 0
    register_digest_section("two", says(("a", "Une autre, du même nom")))
    assert send_digests(on=DAY).sent == 0
    assert send_digests(on=DAY + dt.timedelta(days=1)).sent == 1
    assert "Première chose" not in mail.outbox[-1].body
    assert "Une autre, du même nom" in mail.outbox[-1].body
    assert send_digests(on=DAY + dt.timedelta(days=2)).sent == 0


@pytest.mark.usefixtures("sections")
def test_nobody_disabled_or_without_institution_is_written_to(person: User) -> None:
    register_digest_section("one", says(("a", "Première chose")))
    person.is_active = False
    person.save()
    User.objects.create_user("seul@exemple.fr")
    assert send_digests(on=DAY).sent == 0
    assert mail.outbox == []


@pytest.mark.usefixtures("sections", "person")
def test_a_mail_server_that_refuses_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    register_digest_section("one", says(("a", "Première chose")))

    def refuse(self: EmailMessage, **options: Any) -> int:
        raise SMTPServerDisconnected("panne")

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refuse)
        assert send_digests(on=DAY) == DigestReport(sent=0, refused=1)
        with pytest.raises(CommandError, match="relancez"):
            call_command("send_reminders", "--date", "2030-05-06", stdout=StringIO())
    assert send_digests(on=DAY).sent == 1


@pytest.mark.usefixtures("sections", "person")
def test_the_command_and_the_task_send_once_between_them() -> None:
    register_digest_section("one", says(("a", "Première chose")))
    said = StringIO()
    call_command("send_reminders", stdout=said)
    assert "1 récapitulatif(s)" in said.getvalue()
    assert send_reminders() == 0
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("wrong", ["hier", "2030-02-30", "9" * 40])
def test_the_command_refuses_a_date_that_is_none(wrong: str) -> None:
    with pytest.raises(CommandError, match="n’est pas une date"):
        call_command("send_reminders", "--date", wrong)


def test_the_clock_calls_the_task_by_its_name() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert send_reminders.name in scheduled


def test_two_builders_do_not_share_a_code() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_digest_section("calendar", says())


def test_a_person_writes_their_choice(client: Client, person: User) -> None:
    client.force_login(person)
    assert "checked" in client.get("/mon-compte/rappels/").content.decode()
    answer = client.post("/mon-compte/rappels/", {"frequency": "weekly", "days_before": "12"}, follow=True)
    assert "Vos rappels sont enregistrés." in answer.content.decode()
    choice = DigestSettings.objects.get(user=person)
    assert (choice.frequency, choice.days_before, choice.tells_late) == ("weekly", 12, False)


@pytest.mark.parametrize(
    "data", [{"days_before": "0"}, {"days_before": "1000000000"}, {"frequency": "hourly"}, {}]
)
def test_a_choice_that_makes_no_sense_is_refused(client: Client, person: User, data: dict[str, str]) -> None:
    client.force_login(person)
    posted = ({"frequency": "daily", "days_before": "7"} | data) if data else {"x": "1"}
    assert client.post("/mon-compte/rappels/", posted).status_code == 422
    assert not DigestSettings.objects.exists()


def test_the_link_of_a_mail_stops_it_without_signing_in(client: Client, person: User) -> None:
    address = f"/rappels/arreter/{stop_token(person)}/"
    assert client.get(address).status_code == 200
    assert not DigestSettings.objects.exists()
    assert "Vous ne recevrez plus de rappels" in client.post(address, follow=True).content.decode()
    assert DigestSettings.objects.get().frequency == DigestFrequency.NEVER
    for forged in (f"{address[:-4]}xyz/", "/rappels/arreter/x/", "/rappels/arreter/⟦a⟧:b:c/"):
        assert client.post(forged).status_code == 404


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sections")
def test_two_senders_at_once_write_to_each_person_once() -> None:
    for rank in range(12):
        MembershipFactory(user__email=f"personne-{rank}@exemple.fr")
    register_digest_section("one", says(("a", "Première chose"), ("b", "Deuxième chose")))
    start = Barrier(3)

    def send(_: int) -> int:
        try:
            start.wait(timeout=20)
            return send_digests(on=DAY).sent
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(send, range(3)))
    assert sum(sent) == 12
    addresses = [message.to[0] for message in mail.outbox]
    assert len(addresses) == len(set(addresses)) == 12
    assert SentDigest.objects.count() == 12
