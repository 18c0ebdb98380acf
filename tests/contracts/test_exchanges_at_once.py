"""Two people in one thread or among the contacts of one institution at the same instant, on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from cdppe.lib.errors import RuleViolation
from contracts.actions.contacts import name_contact
from contracts.actions.exchanges import open_thread, reopen_thread, reply, settle_thread
from contracts.models import Contact, Message, MessageKind, Thread
from contracts.places import Place
from tests.cast import make_cast

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*gestures: Callable[[], object]) -> list[str]:
    """ "done", or the name of the refusal, of gestures that start together."""
    start = Barrier(len(gestures))

    def make(gesture: Callable[[], object]) -> str:
        try:
            start.wait(timeout=20)
            gesture()
        except RuleViolation as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(gestures)) as pool:
        return sorted(pool.map(make, gestures))


def test_answers_at_once_are_all_kept_and_numbered() -> None:
    cast = make_cast()
    thread = open_thread(
        cast.contract, Place("objectives"), text="Pourquoi ?", token=uuid.uuid4(), by=cast.dgcs_reader
    )
    people = [cast.council_editor, cast.prefect_editor, cast.ars_editor, cast.regional_reader]
    outcomes = at_once(*(partial(reply, thread, text=f"De {by}", token=uuid.uuid4(), by=by) for by in people))
    assert outcomes == ["done"] * 4
    assert list(thread.messages.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert {message.by for message in thread.messages.all()} == {*people, cast.dgcs_reader}


def test_the_same_form_sent_by_two_requests_at_once_makes_one_message() -> None:
    cast = make_cast()
    token = uuid.uuid4()

    def send() -> object:
        return open_thread(
            cast.contract, Place("objectives"), text="Une fois", token=token, by=cast.dgcs_reader
        )

    assert at_once(send, send, send) == ["done"] * 3
    assert Thread.objects.count() == 1
    assert Message.objects.count() == 1


def test_two_who_settle_at_once_settle_once_and_then_reopen_once() -> None:
    cast = make_cast()
    thread = open_thread(
        cast.contract, Place("objectives"), text="Pourquoi ?", token=uuid.uuid4(), by=cast.dgcs_reader
    )
    people = [cast.council_editor, cast.prefect_editor]
    assert at_once(
        lambda: settle_thread(thread, by=people[0]), lambda: settle_thread(thread, by=people[1])
    ) == ["WrongState", "done"]
    stored = Thread.objects.get()
    assert stored.is_settled
    assert stored.messages.get(kind=MessageKind.SETTLED).by == stored.settled_by
    assert at_once(
        lambda: reopen_thread(thread, by=people[0]), lambda: reopen_thread(thread, by=people[1])
    ) == ["WrongState", "done"]
    assert not Thread.objects.get().is_settled


def test_of_three_contacts_named_at_once_two_are() -> None:
    cast = make_cast()

    def name(rank: int) -> Callable[[], object]:
        fields = {
            "name": f"Contact {rank}",
            "position": "",
            "email": f"contact{rank}@isere.exemple.fr",
            "phone": "04 65 71 00 38",
        }
        return lambda: name_contact(cast.contract, cast.council, fields=fields, by=cast.council_editor)

    assert at_once(name(1), name(2), name(3)) == ["RuleViolation", "done", "done"]
    assert sorted(Contact.objects.values_list("seat", flat=True)) == [1, 2]


def test_the_database_refuses_to_delete_a_message() -> None:
    cast = make_cast()
    thread = open_thread(
        cast.contract, Place("objectives"), text="Pourquoi ?", token=uuid.uuid4(), by=cast.dgcs_reader
    )
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Message.objects.filter(thread=thread).delete()
    assert Message.objects.count() == 1
