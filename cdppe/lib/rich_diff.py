"""What changed between two texts with light marks, shown as they are formatted (cdppe.lib.rich_text).

Pure. Words are compared with their formatting: a word that became bold, or a paragraph that became an item,
has changed. Very long texts are compared line by line, as in cdppe.lib.text_diff.

>>> [(run.text, run.is_bold, str(run.change)) for run in rich_diff("un mot", "un **mot**")[0].lines[0]]
[('un ', False, 'same'), ('mot', False, 'removed'), ('mot', True, 'added')]
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cdppe.lib.rich_text import Block, Item, ItemList, Line, Paragraph, Run, parse_rich_text
from cdppe.lib.text_diff import MOST_LINES, MOST_WORDS, Kind, words


@dataclass(frozen=True, slots=True)
class ChangedRun(Run):
    """Some characters of a line, and what happened to them."""

    change: Kind = Kind.SAME


@dataclass(frozen=True, slots=True)
class _Start:
    """A line begins: of a paragraph, or of an item with its number; the first of it or a further one."""

    kind: str
    number: int | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with all that shows of it."""

    text: str
    is_bold: bool
    kind: str
    number: int | None


_Token = _Start | _Word


def rich_diff(before: str, after: str) -> tuple[Block, ...]:
    """The blocks of both texts in reading order, their runs `ChangedRun`: kept, taken away, added."""
    return _blocks(_compared(_tokens(before), _tokens(after)))


def rich_sides(one: str, other: str) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """The blocks of each text, as `parse_rich_text` gives them; a run that the other lacks is REMOVED in
    `one`, ADDED in `other`."""
    compared = _compared(_tokens(one), _tokens(other))
    return (
        _blocks((change, token) for change, token in compared if change is not Kind.ADDED),
        _blocks((change, token) for change, token in compared if change is not Kind.REMOVED),
    )


def shows_a_change(blocks: Iterable[Block]) -> bool:
    """Whether a run of `blocks` was taken away or added; two texts may differ by their spaces alone."""
    lines = [
        line
        for block in blocks
        for lines in ([block.lines] if isinstance(block, Paragraph) else [item.lines for item in block.items])
        for line in lines
    ]
    return any(isinstance(run, ChangedRun) and run.change is not Kind.SAME for line in lines for run in line)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    for block in parse_rich_text(text):
        items = (
            [(None, block.lines)]
            if isinstance(block, Paragraph)
            else [(item.number, item.lines) for item in block.items]
        )
        for number, lines in items:
            for rank, line in enumerate(lines):
                found.append(_Start(block.kind, number, rank == 0))
                found += [
                    _Word(word, run.is_bold, block.kind, number) for run in line for word in words(run.text)
                ]
    return found


def _compared(old: list[_Token], new: list[_Token]) -> list[tuple[Kind, _Token]]:
    """Every token of both with what happened to it."""
    old_units, new_units = [[token] for token in old], [[token] for token in new]
    if len(old) + len(new) > MOST_WORDS:
        old_units, new_units = _lines(old), _lines(new)
    if len(old_units) + len(new_units) > MOST_LINES + MOST_WORDS:
        return [*((Kind.REMOVED, token) for token in old), *((Kind.ADDED, token) for token in new)]
    found: list[tuple[Kind, _Token]] = []
    matcher = SequenceMatcher(a=_hashable(old_units), b=_hashable(new_units), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            found += [(Kind.SAME, token) for unit in old_units[i1:i2] for token in unit]
        else:
            found += [(Kind.REMOVED, token) for unit in old_units[i1:i2] for token in unit]
            found += [(Kind.ADDED, token) for unit in new_units[j1:j2] for token in unit]
    return found


def _lines(tokens: Iterable[_Token]) -> list[list[_Token]]:
    found: list[list[_Token]] = []
    for token in tokens:
        if isinstance(token, _Start):
            found.append([])
        found[-1].append(token)
    return found


def _hashable(units: Sequence[Sequence[_Token]]) -> list[Hashable]:
    return [tuple(unit) for unit in units]


def _blocks(compared: Iterable[tuple[Kind, _Token]]) -> tuple[Block, ...]:
    """The blocks that the tokens make; a line of which only the beginning is left is dropped."""
    written: list[tuple[_Start, list[ChangedRun]]] = []
    for change, token in compared:
        if isinstance(token, _Start):
            if written and not written[-1][1]:
                written.pop()
            written.append((token, []))
            continue
        runs = written[-1][1]
        if runs and (runs[-1].change, runs[-1].is_bold) == (change, token.is_bold):
            runs[-1] = ChangedRun(runs[-1].text + token.text, token.is_bold, change)
        else:
            runs.append(ChangedRun(token.text, token.is_bold, change))
    blocks: list[Block] = []
    for start, runs in written:
        if runs:
            _put(blocks, start, tuple(runs))
    return tuple(blocks)


def _put(blocks: list[Block], start: _Start, line: Line) -> None:
    """Add a line to the last of `blocks` where it belongs to it, else begin a new one."""
    last = blocks[-1] if blocks else None
    if start.kind == Paragraph.kind:
        if isinstance(last, Paragraph) and not start.is_first:
            blocks[-1] = Paragraph((*last.lines, line))
        else:
            blocks.append(Paragraph((line,)))
        return
    is_same_list = isinstance(last, ItemList) and last.kind == start.kind
    if not isinstance(last, ItemList) or not is_same_list:
        blocks.append(ItemList((Item((line,), start.number),), start.number is not None))
    elif start.is_first:
        blocks[-1] = ItemList((*last.items, Item((line,), start.number)), last.is_numbered)
    else:
        item = last.items[-1]
        grown = Item((*item.lines, line), item.number)
        blocks[-1] = ItemList((*last.items[:-1], grown), last.is_numbered)
