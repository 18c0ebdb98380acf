"""The address that the containers' health check asks."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_health_page_answers_anybody_when_the_database_does(client: Client) -> None:
    answer = client.get("/sante/")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert "no-store" in answer["Cache-Control"]


def test_the_health_page_says_when_the_database_does_not_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise DatabaseError("no connection")

    monkeypatch.setattr(connection, "cursor", broken)
    answer = client.get("/sante/")
    assert (answer.status_code, answer.content) == (503, b"indisponible")


def test_the_health_page_is_only_read(client: Client) -> None:
    assert client.post("/sante/").status_code == 405
