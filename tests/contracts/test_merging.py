"""Two and three people write one part at once: nobody's words vanish (thousands of interleavings).

A deterministic scheduler runs the writers step by step: each of a writer's reads and writes waits for its
turn, and every order of turns is tried. The control run turns the lock off (a write that does not look at
the version) and must lose updates: else the tests would show nothing.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.merging import (
    TRIES,
    OpenedBefore,
    Stored,
    TooBusy,
    Values,
    differing,
    put,
    three_way,
)

FIELDS = ("title", "public", "actors")
WAIT = 20


# --- Three-way merge ---------------------------------------------------------------------------------------


def test_what_only_one_of_the_two_changed_is_taken_without_asking() -> None:
    merged = three_way({"a": ["old"]}, {"a": "mine", "b": "old"}, {"a": "old", "b": "theirs"})
    assert (merged.values, merged.clashes) == ({"a": "mine", "b": "theirs"}, ())


def test_what_both_changed_differently_is_asked_and_keeps_the_stored_text_until_then() -> None:
    merged = three_way({"a": ["old"]}, {"a": "mine"}, {"a": "theirs"})
    assert (merged.values, merged.clashes) == ({"a": "theirs"}, ("a",))


def test_what_both_changed_alike_is_no_conflict() -> None:
    assert three_way({"a": ["old"]}, {"a": "same\r\n"}, {"a": "same\n"}).clashes == ()


def test_a_text_that_was_sent_without_an_answer_is_ones_own() -> None:
    merged = three_way({"a": ["old", "sent"]}, {"a": "sent and more"}, {"a": "sent"})
    assert (merged.values, merged.clashes) == ({"a": "sent and more"}, ())


def test_a_value_that_somebody_added_or_removed_is_a_change_too() -> None:
    added = three_way({}, {}, {("department", 1): 5})
    assert added.values == {("department", 1): 5}
    removed = three_way({"x": [5]}, {}, {"x": 5})
    assert removed.values == {"x": None}
    assert three_way({"x": [None]}, {"x": 7}, {"x": 5}).clashes == ("x",)


texts = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["", "a", "b", "c"]))


@given(texts, texts, texts)
def test_the_merge_keeps_every_change_or_asks(base: Values, mine: Values, theirs: Values) -> None:
    base, mine, theirs = ({**dict.fromkeys(FIELDS, ""), **each} for each in (base, mine, theirs))
    opened = {name: [base[name]] for name in differing(mine, base)}
    merged = three_way(opened, mine, theirs)
    for name in FIELDS:
        if name in merged.clashes:
            assert len({base[name], mine[name], theirs[name]}) == 3
        elif mine[name] != base[name]:
            assert merged.values[name] == mine[name]
        else:
            assert merged.values[name] == theirs[name]


# --- Interleavings -----------------------------------------------------------------------------------------


class Turns:
    """Lets one thread at a time take one step, in the order of `order`; then those who are left."""

    def __init__(self, order: Sequence[int], writers: int) -> None:
        self.order, self.alive = list(order), set(range(writers))
        self.next = threading.Condition()

    def _whose(self) -> int | None:
        while self.order and self.order[0] not in self.alive:
            self.order.pop(0)
        return self.order[0] if self.order else min(self.alive, default=None)

    def step(self, writer: int) -> None:
        """Wait for the writer's turn and take it."""
        with self.next:
            assert self.next.wait_for(lambda: self._whose() == writer, timeout=WAIT)

    def done(self, writer: int) -> None:
        """The step is over: it is the next one's turn."""
        with self.next:
            if self.order:
                self.order.pop(0)
            self.next.notify_all()

    def leave(self, writer: int) -> None:
        with self.next:
            self.alive.discard(writer)
            self.next.notify_all()


@dataclass
class Shared:
    """One part that all write. The control, `is_locked` False: a write does not look at the version."""

    is_locked: bool = True
    version: int = 1
    values: dict[Hashable, Any] = field(default_factory=lambda: dict.fromkeys(FIELDS, "opened"))


class TurnShelf:
    """The shared part as one writer sees it: each read and each write is a step."""

    def __init__(self, shared: Shared, turns: Turns, writer: int) -> None:
        self.shared, self.turns, self.writer = shared, turns, writer

    def read(self) -> Stored:
        self.turns.step(self.writer)
        found = Stored(self.shared.version, dict(self.shared.values))
        self.turns.done(self.writer)
        return found

    def complete(self, mine: Values, stored: Values) -> Values:
        return {**stored, **mine}

    def compare_and_set(self, version: int, values: Values) -> bool:
        self.turns.step(self.writer)
        is_mine = not self.shared.is_locked or self.shared.version == version
        if is_mine:
            self.shared.values, self.shared.version = dict(values), version + 1
        self.turns.done(self.writer)
        return is_mine


def race(
    order: Sequence[int], edits: Sequence[dict[str, str]], *, is_locked: bool = True
) -> tuple[Shared, list[str]]:
    """The shared part and each writer's outcome, once all saved their edit of the text opened at first."""
    shared, turns = Shared(is_locked), Turns(order, len(edits))
    outcomes = [""] * len(edits)

    def write(writer: int) -> None:
        opened = {name: ["opened"] for name in edits[writer]}
        try:
            put(TurnShelf(shared, turns, writer), mine=edits[writer], version=1, opened=opened)
            outcomes[writer] = "written"
        except OpenedBefore:
            outcomes[writer] = "asked"
        except TooBusy:
            outcomes[writer] = "busy"
        finally:
            turns.leave(writer)

    threads = [threading.Thread(target=write, args=[writer], daemon=True) for writer in range(len(edits))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    return shared, outcomes


def lost(shared: Shared, edits: Sequence[dict[str, str]], outcomes: Sequence[str]) -> list[str]:
    """The texts of a writer who was told « written » that are not stored."""
    return [
        text
        for edit, outcome in zip(edits, outcomes, strict=True)
        if outcome == "written"
        for name, text in edit.items()
        if shared.values[name] != text
    ]


def orders(writers: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Every order in which each of `writers` takes `steps` steps."""
    return iter(sorted(set(itertools.permutations(sorted([*range(writers)] * steps)))))


TWO_APART = ({"title": "one"}, {"public": "two"})
TWO_ALIKE = ({"title": "one", "public": "one"}, {"title": "two", "actors": "two"})
THREE_APART = ({"title": "one"}, {"public": "two"}, {"actors": "three"})
THREE_ALIKE = ({"title": "one"}, {"title": "two"}, {"title": "three"})
THREE_MIXED = ({"title": "one", "public": "one"}, {"public": "two"}, {"actors": "three"})


def _cases() -> list[tuple[Sequence[dict[str, str]], tuple[int, ...]]]:
    """Each pair of edits with every order of two writers, each triple with every order of three."""
    two, three = list(orders(2, 4)), list(_thirds())
    return [
        *((edits, order) for edits in (TWO_APART, TWO_ALIKE) for order in two),
        *((edits, order) for edits in (THREE_APART, THREE_ALIKE, THREE_MIXED) for order in three),
    ]


def _thirds() -> Iterator[tuple[int, ...]]:
    """Every order of three writers with two steps each, then one more round of each in every order."""
    tails = list(itertools.permutations(range(3)))
    for head in orders(3, 2):
        for tail in tails:
            yield (*head, *tail)


def test_nobodys_words_vanish_in_thousands_of_interleavings() -> None:
    cases = _cases()
    assert len(cases) >= 1000
    seen: set[str] = set()
    for edits, order in cases:
        shared, outcomes = race(order, edits)
        seen.update(outcomes)
        assert lost(shared, edits, outcomes) == [], (edits, order, outcomes)
        # Somebody always gets through, and the version counts the writes.
        assert "written" in outcomes
        assert shared.version == 1 + outcomes.count("written")
        assert "busy" not in outcomes
        is_apart = edits in (TWO_APART, THREE_APART)
        assert ("asked" not in outcomes) == is_apart, (edits, order, outcomes)
    assert seen == {"written", "asked"}


def test_without_the_lock_the_same_interleavings_lose_words() -> None:
    losses = sum(
        bool(lost(shared, edits, outcomes))
        for edits, order in _cases()
        for shared, outcomes in [race(order, edits, is_locked=False)]
    )
    assert losses > 100


def test_a_page_that_does_not_say_what_it_opened_replaces_its_version_or_nothing() -> None:
    shared = Shared()
    shelf = TurnShelf(shared, Turns([], 1), 0)
    assert put(shelf, mine={"title": "one"}, version=1, opened=None).version == 2
    with pytest.raises(OpenedBefore) as refusal:
        put(shelf, mine={"title": "two"}, version=1, opened=None)
    assert refusal.value.clashes == ("title",)
    assert shared.values["title"] == "one"


def test_writing_what_is_stored_writes_nothing() -> None:
    shelf = TurnShelf(Shared(), Turns([], 1), 0)
    written = put(shelf, mine={"title": "opened"}, version=1, opened={})
    assert (written.is_new, written.version) == (False, 1)


def test_a_race_that_is_always_lost_is_told() -> None:
    class Busy(TurnShelf):
        tries = 0

        def compare_and_set(self, version: int, values: Values) -> bool:
            self.tries += 1
            return False

    shelf = Busy(Shared(), Turns([], 1), 0)
    with pytest.raises(TooBusy):
        put(shelf, mine={"title": "one"}, version=1, opened=None)
    assert shelf.tries == TRIES
