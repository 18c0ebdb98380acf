"""What the tests of the documents share: a kind of document that renders words, and its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from cdppe.accounts.models import User
from cdppe.documents import registry
from cdppe.documents.registry import Progress, RenderedDocument, register_document_kind
from tests.factories import UserFactory

CONTENT = b"%PDF-1.7 essai"


def renders_words(subject: str, progress: Progress) -> RenderedDocument:
    progress(50, "Au milieu")
    return RenderedDocument(f"{subject}.pdf", "application/pdf", CONTENT)


@dataclass
class Kind:
    """The registered kind « essai »: what it renders may be replaced, and who sees and asks is a list."""

    render: Callable[[str, Progress], RenderedDocument] = renders_words
    readers: list[User] = field(default_factory=list)
    askers: list[User] = field(default_factory=list)


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    kind = Kind()
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    register_document_kind(
        "essai",
        render=lambda subject, progress: kind.render(subject, progress),
        visible_to=lambda user, subject: user in kind.readers,
        may_render=lambda user, subject: user in kind.askers,
        back_url=lambda subject: f"/retour/{subject}/",
        back_label="Revenir",
    )
    return kind


@pytest.fixture
def person(db: None, kind: Kind) -> User:
    """Somebody who sees documents of the kind « essai » and asks for them."""
    person = UserFactory()
    kind.readers.append(person)
    kind.askers.append(person)
    return person
