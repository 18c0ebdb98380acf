"""The map and the chart of an allocation: drawings for templates, each beside a table with the same figures.

Outlines: © IGN – ADMIN EXPRESS 2018, simplified (fixtures/README.md). A territory of several departments
colours each of them with its own amount; one without any outline is in the chart and the table only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.conf import settings

from cdppe.accounts.models import Territory
from cdppe.lib.money import format_euros

MAP_FILE = settings.BASE_DIR / "fixtures" / "map" / "departments_svg_paths.json"
MOST_CLASSES = 6
ROW_HEIGHT = 20
LABEL_WIDTH = 230
BAR_WIDTH = 520


@dataclass(frozen=True)
class Outline:
    """One department's outline; some are drawn twice, in an enlarged inset too."""

    code: str
    name: str
    path: str


@dataclass(frozen=True)
class Shape:
    """An outline coloured by its class (1 is the lowest, 0 is "no amount")."""

    path: str
    level: int
    title: str


@dataclass(frozen=True)
class Level:
    """One class of amounts: from the least to the greatest amount that is in it, and how many have one."""

    level: int
    least: Decimal
    greatest: Decimal
    count: int

    @property
    def label(self) -> str:
        if self.least == self.greatest:
            return format_euros(self.least)
        return f"de {format_euros(self.least)} à {format_euros(self.greatest)}"


@dataclass(frozen=True)
class Bar:
    """One bar of the chart, in the units of its drawing."""

    label: str
    amount: Decimal
    top: int
    text_top: int
    length: int
    end: int


@dataclass(frozen=True)
class Picture:
    """What the map and the chart of some amounts draw."""

    view_box: str
    shapes: tuple[Shape, ...]
    levels: tuple[Level, ...]
    source: str
    bars: tuple[Bar, ...]
    chart_height: int


@dataclass(frozen=True)
class Outlines:
    """The drawing of France: its view box, its outlines, and whom to name for it."""

    view_box: str
    paths: tuple[Outline, ...]
    source: str


@lru_cache(maxsize=1)
def outlines() -> Outlines:
    """The drawing of the file, read once."""
    content = json.loads(MAP_FILE.read_text(encoding="utf-8"))
    paths = tuple(Outline(each["code"], each["name"], each["d"]) for each in content["paths"])
    return Outlines(content["viewBox"], paths, content["attribution"])


def levels_of(amounts: Iterable[Decimal], most: int = MOST_CLASSES) -> tuple[Level, ...]:
    """At most `most` classes of about as many amounts each, lowest first; equal amounts share a class.

    >>> [(each.least, each.count) for each in levels_of(map(Decimal, [5, 1, 1, 1, 9]), most=2)]
    [(Decimal('1'), 3), (Decimal('5'), 2)]
    """
    ordered = sorted(amounts)
    groups: dict[int, list[Decimal]] = {}
    share = 0
    for rank, amount in enumerate(ordered):
        if rank == 0 or amount != ordered[rank - 1]:
            share = rank * most // len(ordered)
        groups.setdefault(share, []).append(amount)
    return tuple(
        Level(number, group[0], group[-1], len(group))
        for number, group in enumerate(groups.values(), start=1)
    )


def picture_of(amounts: Sequence[tuple[Territory, Decimal | None]]) -> Picture:
    """The picture of some territories' amounts; the territories come with their departments."""
    stated = [(territory, amount) for territory, amount in amounts if amount is not None]
    levels = levels_of(amount for _, amount in stated)
    by_department = {
        department.code: (territory, amount)
        for territory, amount in amounts
        for department in territory.departments.all()
    }
    drawing = outlines()
    shapes = []
    for outline in drawing.paths:
        territory, amount = by_department.get(outline.code, (None, None))
        name = f"{outline.name} ({outline.code})" if territory is None else str(territory)
        said = "aucun montant" if amount is None else format_euros(amount)
        shapes.append(Shape(outline.path, _level(amount, levels), f"{name} : {said}"))
    return Picture(
        view_box=drawing.view_box,
        shapes=tuple(shapes),
        levels=levels,
        source=drawing.source,
        bars=_bars(stated),
        chart_height=len(stated) * ROW_HEIGHT,
    )


def _level(amount: Decimal | None, levels: Sequence[Level]) -> int:
    return next((each.level for each in levels if amount is not None and amount <= each.greatest), 0)


def _bars(stated: Sequence[tuple[Territory, Decimal]]) -> tuple[Bar, ...]:
    """From the largest amount to the smallest."""
    ordered = sorted(stated, key=lambda each: (-each[1], each[0].code))
    largest = ordered[0][1] if ordered and ordered[0][1] else Decimal(1)
    bars = []
    for rank, (territory, amount) in enumerate(ordered):
        length = int(amount * BAR_WIDTH / largest)
        bars.append(
            Bar(
                label=str(territory),
                amount=amount,
                top=rank * ROW_HEIGHT + 3,
                text_top=rank * ROW_HEIGHT + 15,
                length=length,
                end=LABEL_WIDTH + length + 8,
            )
        )
    return tuple(bars)
