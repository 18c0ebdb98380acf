"""Telling the journal of a gesture from an app that does not know it.

`contracts` keeps the journal and registers its recorder; `accounts`, below it, tells its gestures here. There
is one recorder: without it a gesture would go unrecorded in silence, so telling fails.
"""

from __future__ import annotations

from typing import Any, Protocol


class Recorder(Protocol):
    """Writes one entry of the journal that belongs to no contract."""

    def __call__(self, code: str, sentence: str, *, by: Any, institution: str = "") -> object: ...


_recorders: list[Recorder] = []


def register_recorder(recorder: Recorder) -> None:
    """Have `recorder` write what `record_gesture` is told; ValueError for a second one."""
    if recorder in _recorders:
        return
    if _recorders:
        raise ValueError("the journal has a recorder already")
    _recorders.append(recorder)


def record_gesture(code: str, sentence: str, *, by: Any, institution: str = "") -> None:
    """One entry: `code` noun.verb, `sentence` in French, `by` a User or None, `institution` they acted for.

    It must come after every other lock of the transaction (see `contracts.actions.journal`).
    """
    (recorder,) = _recorders
    recorder(code, sentence, by=by, institution=institution)
