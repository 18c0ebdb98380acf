"""What changed between two texts, word by word, as people read it: kept, taken away, added.

Pure. Very long texts are compared line by line: the cost stays bounded whatever is pasted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_WORDS = 3_000
"""Beyond so many words and spaces, lines are compared instead."""
MOST_LINES = 2_000
"""Beyond so many lines, the texts are shown whole, one after the other."""
FIGURE = r"\b\d{1,3}(?:[\u00a0\u202f]\d{3})+(?:,\d+)?\b|\b\d+,\d+\b"
"""A number of several thousands, cents or not, or one with decimals, as they are written in French."""


class Kind(StrEnum):
    """What happened to a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Segment:
    """A piece of text and what happened to it."""

    kind: Kind
    text: str


def text_diff(before: str, after: str) -> tuple[Segment, ...]:
    """The segments of both texts, in reading order.

    The texts of SAME and REMOVED make `before` again, those of SAME and ADDED make `after`.

    >>> [f"{s.kind}: {s.text}" for s in text_diff("trois places", "dix places")]
    ['removed: trois', 'added: dix', 'same:  places']
    """
    if before == after:
        return (Segment(Kind.SAME, before),) if before else ()
    old, new = words(before), words(after)
    if len(old) + len(new) > MOST_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) + len(new) > MOST_LINES + MOST_WORDS:
        return _whole(before, after)
    segments: list[Segment] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            segments.append(Segment(Kind.SAME, "".join(old[i1:i2])))
        else:
            segments.extend(_whole("".join(old[i1:i2]), "".join(new[j1:j2])))
    return tuple(segments)


def words(text: str) -> list[str]:
    """`text` cut into words, figures, spaces and other characters; put together they make it again.

    A figure is one word with its thousands and its cents: nobody reads an amount of which two digits changed.

    >>> words("de 728\N{NARROW NO-BREAK SPACE}625,50 euros") == [
    ...     "de", " ", "728\N{NARROW NO-BREAK SPACE}625,50", " ", "euros"
    ... ]
    True
    """
    return re.findall(rf"\s+|{FIGURE}|[^\W_]+|.", text, re.DOTALL)


def _whole(before: str, after: str) -> tuple[Segment, ...]:
    pieces = ((Kind.REMOVED, before), (Kind.ADDED, after))
    return tuple(Segment(kind, text) for kind, text in pieces if text)
