"""Who is on a page of a contract right now, in words, for those who see the contract."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import User
from contracts.models import Presence
from contracts.presence import LIFETIME, come, companions
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory
from tests.queries import count_queries

pytestmark = pytest.mark.django_db


def beat(user: User, cast: Cast, place: str = "details", **more: Any) -> HttpResponse:
    client = Client()
    client.force_login(user)
    data = {"place": place, "tab": str(uuid.uuid4()), **more}
    return client.post(reverse("contracts:presence", args=[cast.contract.reference]), data)


def test_the_others_on_the_page_are_named_with_their_institution_and_readers_as_readers(cast: Cast) -> None:
    assert beat(cast.council_editor, cast).json() == {"told": ""}
    first = beat(cast.prefect_editor, cast).json()["told"]
    assert first == f"{cast.council_editor} (département) est aussi sur ces informations."
    second = beat(cast.dgcs_reader, cast).json()["told"]
    assert f"{cast.council_editor} (département)" in second
    assert f"{cast.prefect_editor} (préfecture)" in second
    assert second.endswith("sont aussi sur ces informations.")
    third = beat(cast.council_editor, cast).json()["told"]
    assert f"{cast.dgcs_reader} (DGCS), en lecture" in third
    assert str(cast.council_editor) not in third


def test_another_page_of_the_contract_is_another_place(cast: Cast) -> None:
    beat(cast.council_editor, cast, "diagnosis")
    assert beat(cast.prefect_editor, cast, "sheets/12").json() == {"told": ""}
    assert "ce diagnostic" in beat(cast.prefect_editor, cast, "diagnosis").json()["told"]


def test_a_closed_tab_leaves_and_another_tab_of_the_person_stays(cast: Cast) -> None:
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    beat(cast.council_editor, cast, tab=one)
    beat(cast.council_editor, cast, tab=other)
    beat(cast.council_editor, cast, tab=one, left="1")
    assert "département" in beat(cast.prefect_editor, cast).json()["told"]
    beat(cast.council_editor, cast, tab=other, left="1")
    assert beat(cast.prefect_editor, cast).json() == {"told": ""}


def test_a_page_that_says_nothing_any_more_is_forgotten(cast: Cast) -> None:
    beat(cast.council_editor, cast)
    Presence.objects.update(seen_at=timezone.now() - LIFETIME)
    assert beat(cast.prefect_editor, cast).json() == {"told": ""}
    assert Presence.objects.get().user == cast.prefect_editor


def test_people_outside_neither_see_nor_are_seen(cast: Cast) -> None:
    beat(cast.council_editor, cast)
    assert beat(cast.foreign_editor, cast).status_code == 404
    assert beat(cast.outsider, cast).status_code == 404
    assert Presence.objects.count() == 1
    # Whoever lost their place in the institution since their last sign of life is no longer shown.
    come(cast.contract, "details", user=cast.foreign_editor, tab=uuid.uuid4())
    assert companions(cast.contract, "details", reader=cast.council_editor) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"tab": ""},
        {"tab": "x" * 1000},
        {"place": ""},
        {"place": "nowhere"},
        {"place": "sheets/<script>"},
        {"place": "sheets/" + "9" * 500},
        {"place": "a\x00b"},
    ],
)
def test_a_sign_of_life_that_no_page_sends_is_refused(cast: Cast, wrong: dict[str, str]) -> None:
    answer = beat(cast.council_editor, cast, **({"place": "details"} | wrong))
    assert answer.status_code == 422
    assert "Rechargez la page" in answer.json()["sentence"]
    assert not Presence.objects.exists()


def test_five_and_fifty_people_cost_as_many_queries(cast: Cast) -> None:
    def fill(count: int) -> int:
        for _ in range(count):
            person = UserFactory()
            MembershipFactory(user=person, institution=cast.council)
            come(cast.contract, "details", user=person, tab=uuid.uuid4())
        return count_queries(lambda: companions(cast.contract, "details", reader=cast.council_editor))

    assert fill(5) == fill(45)
