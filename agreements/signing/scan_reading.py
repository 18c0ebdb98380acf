"""Draws the pages of a scan and reads their QR codes; runs only in the process apart."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter

# A code of 15 mm has some 40 modules: at 200 points an inch a module is three points wide.
RESOLUTIONS = (200, 300)
MAX_PIXELS = 16_000_000
POINTS_PER_INCH = 72
SHOWN_PIXELS = 1_100
"""The longer side of the picture that somebody looks at: enough to read the titles."""
QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read_codes(files: list[bytes], options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """First {"pages": n}, then a line for each page in order: {"page": position, "codes": [texts]}.

    Options: `start` (the first position wanted, from 1), `max_pages`. A file that cannot be opened gives
    {"refused": "unreadable"}; one with too many pages {"refused": "pages"}.
    """
    try:
        document = pypdfium2.PdfDocument(files[0])
        count = len(document)
    except pypdfium2.PdfiumError:
        yield {"refused": "unreadable"}
        return
    if count > int(options["max_pages"]):
        yield {"refused": "pages"}
        return
    yield {"pages": count}
    for position in range(int(options["start"]), count + 1):
        try:
            codes = _codes(document, position - 1)
        except (pypdfium2.PdfiumError, ValueError):
            codes = []
        yield {"page": position, "codes": codes}


def draw_page(files: list[bytes], options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One line: {"png": the picture of the page `position` (from 1), in base64}, or nothing.

    Options: `position`. No page of that number, or one that cannot be drawn, gives no line.
    """
    try:
        document = pypdfium2.PdfDocument(files[0])
        page = document[int(options["position"]) - 1]
        scale = min(2.0, SHOWN_PIXELS / max(*page.get_size(), 1))
        picture = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    except (pypdfium2.PdfiumError, ValueError, IndexError):
        return
    written = io.BytesIO()
    picture.save(written, "PNG")
    yield {"png": base64.b64encode(written.getvalue()).decode()}


def _codes(document: pypdfium2.PdfDocument, index: int) -> list[str]:
    """The texts of the QR codes of a page: as it is drawn, then finer, then smoothed, until one is read."""
    page = document[index]
    try:
        for resolution in RESOLUTIONS:
            picture = _drawn(page, resolution)
            for seen in (picture, picture.filter(ImageFilter.MedianFilter(3))):
                if texts := _texts(seen):
                    return texts
        return []
    finally:
        page.close()


def _drawn(page: pypdfium2.PdfPage, resolution: int) -> Image.Image:
    width, height = page.get_size()
    scale = resolution / POINTS_PER_INCH
    pixels = width * height * scale * scale
    if pixels > MAX_PIXELS:
        scale *= (MAX_PIXELS / pixels) ** 0.5
    picture: Image.Image = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    return picture


def _texts(picture: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(picture, formats=QR_CODES)
    return sorted({code.text for code in found if code.valid})
