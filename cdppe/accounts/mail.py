"""Mails to people: plain text from templates/emails/, sent once the change they tell of is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string


def mail_on_commit(template: str, context: Mapping[str, Any], *, to: str) -> None:
    """Send `templates/emails/<template>.txt`, whose first line is the subject, after the transaction.

    A mail server that is down is written to the log and fails nothing: what the mail tells of is stored, and
    the page offers to send it again.
    """
    subject, _, body = render_to_string(f"emails/{template}.txt", dict(context)).strip().partition("\n")

    def send() -> None:
        send_mail(subject.strip(), body.lstrip(), None, [to])

    transaction.on_commit(send, robust=True)
