"""The QR code and the fingerprint on every page of a frozen document.

A printed page must say by itself which version it belongs to and which page of how many it is. The number of
pages is only known after the layout, so the code is drawn afterwards, straight into each page's content:
plain black squares, no image, no font. It is marked as an artifact (ISO 14289-1, 7.1): a screen reader passes
over it, as over a page number. The fingerprint is text in a margin of the page, from the stylesheet.

Why not an image in a page margin by `@page :nth(n)`: docs/decisions/codes-on-pages.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import zxingcpp

MILLIMETRE = 72 / 25.4
SIDE = 15 * MILLIMETRE
# Between the reference, at the left, whose box ends 71 mm from the edge, and the page's number.
FROM_RIGHT = 46 * MILLIMETRE
# Printers leave some 4 mm white at the edges of the paper.
FROM_BOTTOM = 4.2 * MILLIMETRE

_FINGERPRINT = re.compile(r"[0-9a-f]{4}( [0-9a-f]{4}){3}")
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]/_-]+")


@dataclass(frozen=True)
class Seal:
    """What a page says of its version: its identifier, its fingerprint, the address that verifies it.

    `fingerprint` is the first 16 hexadecimal digits of the version's hash in groups of four; `url` a full
    address that contains `uid` and has neither query nor fragment. Raises ValueError otherwise.
    """

    uid: str
    fingerprint: str
    url: str

    def __post_init__(self) -> None:
        if not _FINGERPRINT.fullmatch(self.fingerprint):
            raise ValueError(f"not a fingerprint: {self.fingerprint!r}")
        if not _URL.fullmatch(self.url) or self.uid not in self.url:
            raise ValueError(f"not the address of version {self.uid}: {self.url!r}")

    def page_code(self, page: int, total: int) -> str:
        """What the QR code of page `page` (from 1) of `total` says.

        >>> Seal("u", "1a2b 3c4d 5e6f 7a8b", "https://cdppe.example.org/v/u").page_code(2, 61)
        'https://cdppe.example.org/v/u#2/61'
        """
        return f"{self.url}#{page}/{total}"

    @property
    def stylesheet(self) -> str:
        """The fingerprint at the foot of every page, beside the place of the code."""
        # The code needs its white border: no text of a page of tables comes that low.
        line = f'"Empreinte {self.fingerprint}"'
        return (
            "@page { @bottom-left { content: string(reference)"
            f' "\\A" {line}; white-space: pre-line; }} }}\n'
            f"@page cover {{ @bottom-left {{ content: {line}; width: 70%; font: 7.5pt Marianne;"
            " color: #3a3a3a; vertical-align: top; padding-top: 5mm; } }\n"
            "@page landscape { margin-bottom: 22mm; }\n"
        )

    def stamp(self, _document: Any, pdf: Any) -> None:
        """WeasyPrint's finisher: draw the code of each page into `pdf`, a pydyf.PDF not yet written."""
        numbers = pdf.pages["Kids"][::3]
        for page, number in enumerate(numbers, start=1):
            held = pdf.objects[number]
            _left, _top, right, bottom = (float(side) for side in held["MediaBox"])
            content = pdf.objects[int(held["Contents"].split()[0])]
            # WeasyPrint's own transformation, which is still in force: points, from the top left, downwards.
            x = right - FROM_RIGHT - SIDE
            y = bottom - FROM_BOTTOM - SIDE
            content.stream.extend(drawn_code(self.page_code(page, len(numbers)), x=x, y=y, side=SIDE))


def drawn_code(text: str, *, x: float, y: float, side: float) -> Iterator[bytes]:
    """The PDF operators that draw the QR code of `text` in a square of `side` points from (x, y).

    y grows downwards. Level M of error correction: 15 % of the code may be unreadable.
    """
    code = zxingcpp.create_barcode(text, zxingcpp.QRCode, ec_level="M")
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    rows: Any = memoryview(image).tolist()
    module = side / len(rows)
    yield b"/Artifact BMC q 0 g"
    for number, row in enumerate(rows):
        for start, length in _runs(row):
            yield (
                f"{x + start * module:.3f} {y + number * module:.3f} {length * module:.3f} {module:.3f} re"
            ).encode()
    yield b"f Q EMC"


def _runs(row: list[int]) -> Iterator[tuple[int, int]]:
    """Where black begins and how many modules it lasts, along a row (0 is black)."""
    start = None
    for position, shade in enumerate([*row, 255]):
        if shade == 0 and start is None:
            start = position
        elif shade != 0 and start is not None:
            yield start, position - start
            start = None
