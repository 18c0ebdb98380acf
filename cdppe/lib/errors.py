"""The one family of refusals: their message is a French sentence, shown to people as it is."""

from __future__ import annotations

from typing import Any


class RuleViolation(Exception):
    """A gesture that a rule refuses; `str(error)` says in French where and what to do."""


class WrongState(RuleViolation):
    """The object is in a state in which the gesture makes no sense."""


class NotAllowed(RuleViolation):
    """The person may see the object, but not make this gesture."""


class MissingPiece(RuleViolation):
    """Something that the gesture needs is not there yet."""


class StaleVersion(RuleViolation):
    """Somebody else saved the object since the person opened it; nothing was written.

    `stored` is the object as it is now stored, so that the page can show both texts.
    """

    def __init__(self, message: str, *, stored: Any) -> None:
        super().__init__(message)
        self.stored = stored
