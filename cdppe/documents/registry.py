"""Which documents exist: the apps above fill this table in their `AppConfig.ready()`.

This app knows no contract. A job carries a *kind* (« contract ») and a *subject* (an opaque reference that
only the owner of the kind understands); the owner says how to render the subject and who may see it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class Progress(Protocol):
    """Told by a renderer how far it is: a percentage from 0 to 100 and a French sentence for people."""

    def __call__(self, percent: int, step: str) -> None: ...


@dataclass(frozen=True)
class RenderedDocument:
    """What a renderer gives back: a file name, its media type and its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class DocumentKind:
    """How documents of one kind are rendered, who sees them, and the page to which one goes back."""

    code: str
    render: Callable[[str, Progress], RenderedDocument]
    visible_to: Callable[[AbstractBaseUser | AnonymousUser, str], bool]
    may_render: Callable[[AbstractBaseUser | AnonymousUser, str], bool]
    back_url: Callable[[str], str]
    back_label: str
    on_done: Callable[[str, UUID], None] | None = None
    back_for: Callable[[AbstractBaseUser | AnonymousUser, str], tuple[str, str] | None] | None = None

    def way_back(self, user: AbstractBaseUser | AnonymousUser, subject: str) -> tuple[str, str]:
        """The address and the label of the page to which `user` goes back."""
        own = self.back_for(user, subject) if self.back_for is not None else None
        return own or (self.back_url(subject), self.back_label)


_kinds: dict[str, DocumentKind] = {}


def register_document_kind(
    kind: str,
    *,
    render: Callable[[str, Progress], RenderedDocument],
    visible_to: Callable[[AbstractBaseUser | AnonymousUser, str], bool],
    may_render: Callable[[AbstractBaseUser | AnonymousUser, str], bool],
    back_url: Callable[[str], str],
    back_label: str,
    on_done: Callable[[str, UUID], None] | None = None,
    back_for: Callable[[AbstractBaseUser | AnonymousUser, str], tuple[str, str] | None] | None = None,
) -> None:
    """Add a kind of document.

    `render(subject, progress)` may raise `cdppe.lib.errors.RuleViolation`: its sentence becomes the cause of
    the failure. `visible_to` opens the progress page and the download, `may_render` the button that asks for
    the document again. `on_done(subject, job id)` is told once the file is stored; what it raises is written
    in the log and fails nothing. `back_for` gives some people another way back than `back_url` and
    `back_label`: (address, label), or None. A second, different kind with the same code is a programming
    error (ValueError).
    """
    entry = DocumentKind(kind, render, visible_to, may_render, back_url, back_label, on_done, back_for)
    if _kinds.get(kind, entry) != entry:
        raise ValueError(f"document kind {kind} is registered twice")
    _kinds[kind] = entry


def document_kind(kind: str) -> DocumentKind:
    """The registered kind `kind`; raises KeyError when no app registered it."""
    return _kinds[kind]
