"""The QR codes on the pages of a scan, read in a process apart and bounded page by page.

A page that takes too long to draw, or whose drawing crashes the library, counts as unreadable, and the
reading goes on after it: one bad page does not hide the others.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass

from agreements.signing.bounded import MEBIBYTE, Bounds, run_bounded
from agreements.signing.upload import MAX_PAGES

SECONDS = 240
SECONDS_A_PAGE = 15
MEMORY = 1536 * MEBIBYTE


@dataclass(frozen=True)
class ScanReading:
    """The texts of the codes of each page in order, and the positions (from 1) that could not be examined.

    `skipped` pages were too heavy or came after the time ran out: nobody looked for a code there.
    """

    codes: tuple[tuple[str, ...], ...]
    skipped: tuple[int, ...]


class ScanUnreadable(ValueError):
    """The file cannot be opened as a PDF, or has too many pages."""


def read_scan(
    content: bytes,
    *,
    seconds: float = SECONDS,
    seconds_a_page: float = SECONDS_A_PAGE,
    tick: Callable[[int], None] | None = None,
) -> ScanReading:
    """Read the codes of every page of the PDF `content`, whatever the order or the direction of the pages.

    `tick` is told, several times a second, the number of pages read; it may raise to stop. Takes at most
    `seconds`; raises `ScanUnreadable` when no page can be read at all.
    """
    deadline = time.monotonic() + seconds
    read: dict[int, tuple[str, ...]] = {}
    total: int | None = None
    start = 1
    while (total is None or start <= total) and (left := deadline - time.monotonic()) > 0:
        answer = run_bounded(
            "codes",
            [content],
            {"start": start, "max_pages": MAX_PAGES},
            bounds=Bounds(seconds=left, silence=seconds_a_page, memory=MEMORY),
            tick=None if tick is None else _counting_from(start, tick),
        )
        pages = [line for line in answer.lines if "page" in line]
        for line in answer.lines:
            if "refused" in line:
                raise ScanUnreadable(line["refused"])
            total = line.get("pages", total)
        read |= {line["page"]: tuple(line["codes"]) for line in pages}
        if total is None:
            raise ScanUnreadable("unreadable")
        # Whatever stopped it was met on the page after the last one that answered: go on behind it.
        start += len(pages) + 1
    if total is None:
        raise ScanUnreadable("unreadable")
    positions = range(1, total + 1)
    return ScanReading(
        codes=tuple(read.get(position, ()) for position in positions),
        skipped=tuple(position for position in positions if position not in read),
    )


def page_picture(content: bytes, position: int, *, seconds: float = SECONDS_A_PAGE) -> bytes | None:
    """A small PNG of the page `position` (from 1) of the PDF `content`, in shades of grey, for the eye.

    None when there is no such page or it cannot be drawn in time.
    """
    answer = run_bounded(
        "picture",
        [content],
        {"position": position},
        bounds=Bounds(seconds=seconds, silence=seconds, memory=MEMORY),
    )
    return base64.b64decode(answer.lines[0]["png"]) if answer.lines else None


def _counting_from(start: int, tick: Callable[[int], None]) -> Callable[[int], None]:
    """`tick` told the pages of the whole scan: those before `start`, and the lines but the first."""
    return lambda lines: tick(start - 1 + max(lines - 1, 0))
