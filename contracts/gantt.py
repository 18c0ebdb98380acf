"""The Gantt of a retroplanning as a drawing: months in columns, one bar a step, today (annexe 3.3; C4).

Pure: rows of dates in, figures of the drawing out (units of its view box); a template draws them. The table
beside it holds the same rows, with a mark in each month that a step touches.

What we chose: a step begins on its date and lasts its number of days (annexe 3.2: « date prévisionnelle de
lancement de la tâche »); an undated one is in the table only. Over three years or so a month would be too
narrow to read: the columns are then quarters.

>>> from datetime import date
>>> row = GanttRow("Réunion", "", "late", "#step-1", date(2030, 2, 10), 1, "en retard")
>>> drawn = draw([row], today=date(2030, 3, 1))
>>> [each.label for each in drawn.columns]
['févr. 2030', 'mars 2030']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 920
LABEL_WIDTH = 300
ROW_HEIGHT = 30
HEAD_HEIGHT = 40
BAR_HEIGHT = 16
SHORTEST_BAR = 9
TEXT_LENGTH = 40
MOST_COLUMNS = 16
TODAY_MARGIN = 62
"""Days between today and the first or last date beyond which the drawing does not stretch to today."""

MONTHS = (
    "janv.",
    "févr.",
    "mars",
    "avr.",
    "mai",
    "juin",
    "juil.",
    "août",
    "sept.",
    "oct.",
    "nov.",
    "déc.",
)


@dataclass(frozen=True)
class GanttRow:
    """One step: its words, its state (`StepStatus` and how it is said), its address, its date and length."""

    label: str
    theme: str
    status: str
    url: str
    on: dt.date | None
    lasting_days: int
    said: str
    responsible: str = ""
    resources: str = ""

    @property
    def ends_on(self) -> dt.date | None:
        """The last of its days."""
        return self.on + dt.timedelta(days=self.lasting_days - 1) if self.on is not None else None


@dataclass(frozen=True)
class Column:
    """One month (or quarter): its first day, the first day of the next one, where it is drawn."""

    label: str
    starts_on: dt.date
    ends_before: dt.date
    x: int
    width: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True)
class Bar:
    """One row drawn; `words` is what a reader hears instead of seeing it."""

    row: GanttRow
    top: int
    text_y: int
    bar_y: int
    x: int
    width: int
    label: str
    words: str


@dataclass(frozen=True)
class TableRow:
    """One row of the table: a mark for each column that the step touches."""

    row: GanttRow
    marks: tuple[bool, ...]


@dataclass(frozen=True)
class Gantt:
    """The whole drawing; without a dated step it has no column and no bar."""

    width: int
    height: int
    columns: tuple[Column, ...]
    bars: tuple[Bar, ...]
    rows: tuple[TableRow, ...]
    today_x: int | None
    today_words: str

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """(state, how it is said) of the bars drawn, each once."""
        return tuple(dict.fromkeys((bar.row.status, bar.row.said) for bar in self.bars))


def draw(rows: Sequence[GanttRow], *, today: dt.date) -> Gantt:
    """The drawing of `rows`, in their order; a line for `today` when it falls within or near the dates."""
    dated = [(row.on, row.ends_on or row.on) for row in rows if row.on is not None]
    if not dated:
        return Gantt(WIDTH, 0, (), (), tuple(TableRow(row, ()) for row in rows), None, "")
    first, last = min(on for on, _ in dated), max(end for _, end in dated)
    shows_today = (first - today).days <= TODAY_MARGIN and (today - last).days <= TODAY_MARGIN
    if shows_today:
        first, last = min(first, today), max(last, today)
    columns = _columns(first, last)
    scale = _Scale(columns)
    bars = tuple(_bar(row, rank, scale) for rank, row in enumerate(row for row in rows if row.on is not None))
    return Gantt(
        width=WIDTH,
        height=HEAD_HEIGHT + ROW_HEIGHT * len(bars),
        columns=columns,
        bars=bars,
        rows=tuple(TableRow(row, _marks(row, columns)) for row in rows),
        today_x=scale.x(today) if shows_today else None,
        today_words=_where_today(first, last, today),
    )


def write_date(on: dt.date) -> str:
    """« 1er août 2020 », « 15 oct. 2020 »: the date as the drawing says it."""
    day = "1er" if on.day == 1 else str(on.day)
    return f"{day} {MONTHS[on.month - 1]} {on.year}"


@dataclass(frozen=True)
class _Scale:
    columns: tuple[Column, ...]

    def x(self, on: dt.date) -> int:
        """Where the morning of `on` stands."""
        for column in self.columns:
            if on < column.ends_before:
                share = (on - column.starts_on).days / (column.ends_before - column.starts_on).days
                return column.x + round(max(share, 0.0) * column.width)
        return self.columns[-1].x + self.columns[-1].width


def _columns(first: dt.date, last: dt.date) -> tuple[Column, ...]:
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((each for each in (1, 3, 12) if months <= each * MOST_COLUMNS), 12 * (months // 192 + 1))
    start = first.year * 12 + (first.month - 1) // min(step, 12) * min(step, 12)
    count = (last.year * 12 + last.month - 1 - start) // step + 1
    width = (WIDTH - LABEL_WIDTH) // count
    return tuple(
        Column(
            _column_label(start + rank * step, step),
            _month(start + rank * step),
            _month(start + (rank + 1) * step),
            LABEL_WIDTH + rank * width,
            width,
        )
        for rank in range(count)
    )


def _month(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


def _column_label(number: int, step: int) -> str:
    year, month = divmod(number, 12)
    if step == 1:
        return f"{MONTHS[month]} {year}"
    return f"T{month // 3 + 1} {year}" if step == 3 else str(year)


def _bar(row: GanttRow, rank: int, scale: _Scale) -> Bar:
    assert row.on is not None  # only dated rows are drawn
    ends_on = row.ends_on or row.on
    x = scale.x(row.on)
    top = HEAD_HEIGHT + rank * ROW_HEIGHT
    return Bar(
        row=row,
        top=top,
        text_y=top + ROW_HEIGHT // 2 + 5,
        bar_y=top + (ROW_HEIGHT - BAR_HEIGHT) // 2,
        x=x,
        width=max(scale.x(ends_on + dt.timedelta(days=1)) - x, SHORTEST_BAR),
        label=row.label if len(row.label) <= TEXT_LENGTH else f"{row.label[: TEXT_LENGTH - 1].rstrip()}…",
        words=f"{row.label} : {_when(row)}, {row.said}",
    )


def _when(row: GanttRow) -> str:
    assert row.on is not None  # the same
    if row.lasting_days == 1:
        return f"le {write_date(row.on)}"
    return f"du {write_date(row.on)} au {write_date(row.ends_on or row.on)}"


def _marks(row: GanttRow, columns: Iterable[Column]) -> tuple[bool, ...]:
    return tuple(
        row.on is not None
        and row.ends_on is not None
        and row.on < column.ends_before
        and row.ends_on >= column.starts_on
        for column in columns
    )


def _where_today(first: dt.date, last: dt.date, today: dt.date) -> str:
    if today > last:
        return f"Aujourd’hui, {write_date(today)}, est après la dernière étape."
    if today < first:
        return f"Aujourd’hui, {write_date(today)}, est avant la première étape."
    return f"Le trait vertical marque aujourd’hui, {write_date(today)}."
