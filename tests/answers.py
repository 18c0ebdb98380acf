"""A person's client, and what its answers say."""

from __future__ import annotations

from typing import Any

from django.test import Client

from cdppe.accounts.models import User


def client_of(user: User) -> Client:
    """A client with the session of `user`, without the sign-in form."""
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    """The page of `answer`, its non-breaking spaces made ordinary."""
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")
