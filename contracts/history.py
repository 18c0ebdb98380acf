"""Keeping the history of a contract: every action that writes a part says so, each change field by field.

An action is decorated with `keeps_history(part)`. The part is read before and after it, in the same
transaction and under the lock of the contract's row, and what differs is written: whichever way the action
writes (a row, a bulk of rows, a compare-and-set), nothing escapes, and an action that is refused leaves
nothing. Each app registers how its parts are read, and how a former text is brought back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.abilities import covers
from cdppe.accounts.models import User
from contracts.models import Contract, FieldChange
from contracts.places import Place

P = ParamSpec("P")
R = TypeVar("R")

SAME_SITTING = dt.timedelta(minutes=10)
"""What one person writes in one field with shorter pauses is one change."""


@dataclass(frozen=True)
class Kept:
    """One field as it stands: the words of its object and of itself, and what a person reads in it."""

    object_label: str
    field_label: str
    value: str


Snapshot = Mapping[Place, Kept]
Reader = Callable[[Contract], Snapshot]
"""Every written field of one part of a contract; empty fields may be left out."""

Restorer = Callable[[Contract, Place, str, User], None]
"""Write a former text at a place again, through the part's own action; RuleViolation says why it cannot."""

_readers: dict[str, list[Reader]] = {}
_restorers: dict[tuple[str, str], Restorer] = {}
_under_way: ContextVar[frozenset[tuple[int, str]]] = ContextVar("history_under_way", default=frozenset())
_apart: ContextVar[bool] = ContextVar("history_apart", default=False)


def register_reader(part: str, reader: Reader) -> None:
    """Have `reader` asked for fields of `part`; several apps may know some of them."""
    if reader not in _readers.setdefault(part, []):
        _readers[part].append(reader)


def register_restorer(part: str, restorer: Restorer, *, prefix: str = "") -> None:
    """Have `restorer` bring back the fields of `part` whose names begin with `prefix`, all by default."""
    if _restorers.get((part, prefix), restorer) is not restorer:
        raise ValueError(f"the part {part} has two restorers of {prefix or 'its fields'}")
    _restorers[part, prefix] = restorer


def restorer_of(place: Place) -> Restorer | None:
    """How the field at `place` is brought back, by the longest prefix; None when it is not."""
    found = [
        (len(prefix), restorer)
        for (part, prefix), restorer in _restorers.items()
        if part == place.part and place.field.startswith(prefix)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def kept_parts() -> tuple[str, ...]:
    """The parts whose history is kept."""
    return tuple(_readers)


def snapshot(contract: Contract, part: str) -> dict[Place, Kept]:
    """Every written field of `part` as it is stored now."""
    found: dict[Place, Kept] = {}
    for reader in _readers.get(part, ()):
        found.update(reader(contract))
    return {place: kept for place, kept in found.items() if kept.value != ""}


def keeps_history(*parts: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate an action that writes `parts` of a contract: what it changes enters the history.

    The action's first argument is the contract, or an object with a `contract`; its author is `by`. Within
    another action that keeps the same part, the outer one writes.
    """

    def decorate(action: Callable[P, R]) -> Callable[P, R]:
        @wraps(action)
        def kept(*args: P.args, **kwargs: P.kwargs) -> R:
            with history_of(_contract_of(args[0]), *parts, by=_author(kwargs.get("by"))):
                return action(*args, **kwargs)

        kept.keeps_history = parts  # type: ignore[attr-defined]  # what the tests ask; wraps() passes it on
        return kept

    return decorate


@contextmanager
def history_of(contract: Contract, *parts: str, by: User | None) -> Iterator[None]:
    """Keep what is written within it in `parts` of `contract`, in the name of `by`: one pair of readings.

    Around many actions of one person, it spares each of them its own readings. Within another that keeps the
    same part, the outer one writes.
    """
    mine = [part for part in parts if (contract.pk, part) not in _under_way.get()]
    if not mine:
        yield
        return
    token = _under_way.set(_under_way.get() | {(contract.pk, part) for part in mine})
    try:
        with transaction.atomic():
            # Held until the end: nobody else's change comes between the two readings.
            Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
            before = {part: snapshot(contract, part) for part in mine}
            yield
            for part in mine:
                write_changes(contract, before[part], snapshot(contract, part), by=by)
    finally:
        _under_way.reset(token)


@contextmanager
def kept_apart() -> Iterator[None]:
    """Within it, each change is one of its own, even in the sitting of the person who wrote last."""
    token = _apart.set(True)
    try:
        yield
    finally:
        _apart.reset(token)


def write_changes(contract: Contract, before: Snapshot, after: Snapshot, *, by: User | None) -> int:
    """Keep what differs between two readings of a part; how many fields do.

    A field that the same person wrote a few minutes before, and nobody since, stays one change; when it says
    again what it said at first, that change is gone: nothing happened. What is emptied or deleted is always
    kept apart.
    """
    places = [place for place in {**before, **after} if _value(before, place) != _value(after, place)]
    if not places:
        return 0
    now = timezone.now()
    latest = {} if _apart.get() else _latest(contract, places, since=now - SAME_SITTING)
    created: list[FieldChange] = []
    updated: list[FieldChange] = []
    undone: list[FieldChange] = []
    for place in places:
        old, new = _value(before, place), _value(after, place)
        words = after.get(place) or before[place]
        previous = latest.get(str(place))
        is_same_sitting = (
            previous is not None and previous.by_id == (by.pk if by else None) and previous.after == old
        )
        # A text that is taken away is always a change of its own: it must be found again.
        if previous is not None and is_same_sitting and new is not None:
            previous.after, previous.until = new, now
            previous.object_label = words.object_label[:300]
            (undone if previous.before == new else updated).append(previous)
            continue
        created.append(
            FieldChange(
                contract=contract,
                place=str(place),
                object_label=words.object_label[:300],
                field_label=words.field_label[:200],
                before=old,
                after=new,
                by=by,
                institution=institution_of(by, contract),
                at=now,
                until=now,
            )
        )
    FieldChange.objects.filter(pk__in=[each.pk for each in undone]).delete()
    FieldChange.objects.bulk_update(updated, ["after", "until", "object_label"], batch_size=200)
    FieldChange.objects.bulk_create(created, batch_size=200)
    return len(places)


def institution_of(user: User | None, contract: Contract | None) -> str:
    """The institution by which `user` follows the contract's territory, as it is called today.

    Without a contract, the national institution that they belong to. Empty when there is none.
    """
    if user is None:
        return ""
    territory = contract.territory if contract is not None else None
    names = (each.institution.name for each in user.current_memberships if covers(each, territory))
    return next(names, "")[:200]


def _latest(contract: Contract, places: list[Place], *, since: dt.datetime) -> dict[str, FieldChange]:
    """{place: its latest change}, of those since `since`."""
    recent = FieldChange.objects.filter(
        contract=contract, place__in=[str(place) for place in places], until__gte=since
    ).order_by("until", "pk")
    return {change.place: change for change in recent}


def _value(found: Snapshot, place: Place) -> str | None:
    kept = found.get(place)
    return kept.value if kept is not None and kept.value != "" else None


def _contract_of(subject: Any) -> Contract:
    return subject if isinstance(subject, Contract) else subject.contract


def _author(by: Any) -> User | None:
    return by if isinstance(by, User) else None
