"""Long texts with light marks: what people type, read as paragraphs, lists and bold runs. Pure.

The marks, the only ones; everything else is literal, HTML included:

- a blank line ends a paragraph; a line break inside one is kept;
- a line that starts with « - » (or « – », « • », « · ») is a bullet, with « 1. » or « 1) » a numbered item;
  a blank line between two items of a kind does not end the list; a line set in by two spaces continues its
  item;
- « **gras** » is bold, on one line, when its asterisks touch the words.

Guarantees: no text raises; the time is linear in its length; every character that is no mark comes out, in
order (spaces at the ends of lines aside); a numbered item keeps the number that was typed. The blocks hold
text, never markup: the template that shows them escapes it (templates/components/rich_text.html, the same on
screen and in the PDF).

>>> parse_rich_text("Deux **points** :\\n- un\\n- deux")[1].items[1].lines[0][0].text
'deux'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BOLD = "**"
_ITEM = re.compile(r"\s*(?:(?P<bullet>[-–•·])|(?P<number>[1-9][0-9]{0,2})[.)])\s+(?P<text>\S.*)")
_CONTINUED = re.compile(r"(?: {2}|\t)\s*(?P<text>\S.*)")


@dataclass(frozen=True, slots=True)
class Run:
    """Some characters of a line, bold or not."""

    text: str
    is_bold: bool = False


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    lines: tuple[Line, ...]

    kind = "paragraph"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list; `number` is the one that was typed, None for a bullet."""

    lines: tuple[Line, ...]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ItemList:
    """Items of one kind."""

    items: tuple[Item, ...]
    is_numbered: bool

    @property
    def kind(self) -> str:
        return "numbers" if self.is_numbered else "bullets"


Block = Paragraph | ItemList


def parse_rich_text(text: str) -> tuple[Block, ...]:
    """The blocks of `text`, in order; none for a text without a visible character."""
    blocks: list[Block] = []
    paragraph: list[Line] = []
    items: list[tuple[int | None, list[Line]]] = []
    after_blank = False

    def end_paragraph() -> None:
        if paragraph:
            blocks.append(Paragraph(tuple(paragraph)))
            paragraph.clear()

    def end_list() -> None:
        if items:
            is_numbered = items[0][0] is not None
            blocks.append(ItemList(tuple(Item(tuple(lines), number) for number, lines in items), is_numbered))
            items.clear()

    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip():
            end_paragraph()
            after_blank = True
            continue
        if item := _ITEM.fullmatch(line):
            number = int(item["number"]) if item["number"] else None
            end_paragraph()
            if items and (items[0][0] is None) != (number is None):
                end_list()
            items.append((number, [_runs(item["text"])]))
        elif items and not after_blank and (continued := _CONTINUED.fullmatch(line)):
            items[-1][1].append(_runs(continued["text"]))
        else:
            end_list()
            paragraph.append(_runs(line.strip()))
        after_blank = False
    end_paragraph()
    end_list()
    return tuple(blocks)


def to_marked(blocks: tuple[Block, ...]) -> str:
    """The text whose blocks are `blocks`, in its plainest writing; `parse_rich_text` gives them back."""
    return "\n\n".join(_marked_block(block) for block in blocks)


def to_plain(text: str) -> str:
    """`text` without its asterisks, its lists as lines: for a cell of a table or a summary."""
    written = []
    for block in parse_rich_text(text):
        if isinstance(block, Paragraph):
            written.append("\n".join(_plain_line(line) for line in block.lines))
        else:
            written.append(
                "\n".join(
                    f"{_marker(item)} " + "\n".join(_plain_line(line) for line in item.lines)
                    for item in block.items
                )
            )
    return "\n".join(written)


def _marked_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return "\n".join(_marked_line(line) for line in block.lines)
    return "\n".join(
        f"{_marker(item)} " + "\n  ".join(_marked_line(line) for line in item.lines) for item in block.items
    )


def _marker(item: Item) -> str:
    return "-" if item.number is None else f"{item.number}."


def _marked_line(line: Line) -> str:
    return "".join(f"{BOLD}{run.text}{BOLD}" if run.is_bold else run.text for run in line)


def _plain_line(line: Line) -> str:
    return "".join(run.text for run in line)


def _runs(line: str) -> Line:
    """`line` cut at its pairs of asterisks; those without a partner are literal."""
    pieces = line.split(BOLD)
    # A mark stands between pieces i and i + 1; it closes when a word ends just before it.
    closers = [index for index in range(len(pieces) - 1) if pieces[index] and not pieces[index][-1].isspace()]
    runs: list[Run] = []
    literal = [pieces[0]]
    next_closer = 0
    index = 0
    while index < len(pieces) - 1:
        opens = bool(pieces[index + 1]) and not pieces[index + 1][0].isspace()
        while next_closer < len(closers) and closers[next_closer] <= index:
            next_closer += 1
        if opens and next_closer < len(closers):
            end = closers[next_closer]
            if text := "".join(literal):
                runs.append(Run(text))
            runs.append(Run(BOLD.join(pieces[index + 1 : end + 1]), is_bold=True))
            literal = [pieces[end + 1]]
            index = end + 1
        else:
            literal += [BOLD, pieces[index + 1]]
            index += 1
    if text := "".join(literal):
        runs.append(Run(text))
    return tuple(runs)
