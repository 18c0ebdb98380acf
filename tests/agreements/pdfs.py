"""PDFs of the tests: a sealed version of a few pages, its scans, and hostile ones."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from functools import cache

import pikepdf
import pypdfium2
from PIL import Image

from cdppe.documents.pdf import render_pdf
from cdppe.documents.seal import Seal

DATED = dt.datetime(2030, 6, 15, 12, 30, tzinfo=dt.UTC)
UID = "123e4567-e89b-12d3-a456-426614174000"
OTHER_UID = "00000000-e89b-12d3-a456-426614174000"
PAGES = 4
RESOLUTION = 200


def seal_of(uid: str = UID) -> Seal:
    """The seal of a version."""
    return Seal(uid, "1a2b 3c4d 5e6f 7a8b", f"https://cdppe.example.org/versions/{uid}/")


@cache
def sealed(uid: str = UID, word: str = "Article") -> bytes:
    """A version of `PAGES` pages, tagged, the second one landscape."""
    body = "".join(
        f'<section style="break-after: page"><h1>{word} {number}</h1><p>Texte de la page.</p></section>'
        for number in range(1, PAGES)
    )
    return render_pdf(
        f'<!DOCTYPE html><html lang="fr"><head><title>x</title>'
        "<style>section:nth-child(2) { page: landscape }</style></head>"
        f"<body>{body}<p>Fin</p></body></html>",
        title="Contrat d’essai",
        dated=DATED,
        seal=seal_of(uid),
    )


@cache
def pictures(content: bytes) -> tuple[Image.Image, ...]:
    """Each page as a scanner sees it, in shades of grey."""
    document = pypdfium2.PdfDocument(content)
    try:
        return tuple(page.render(scale=RESOLUTION / 72, grayscale=True).to_pil().copy() for page in document)
    finally:
        document.close()


def scan_of(sheets: Sequence[Image.Image]) -> bytes:
    """The PDF that a scanner makes of `sheets`: one picture a page."""
    output = io.BytesIO()
    first, *others = [sheet.convert("L") for sheet in sheets]
    first.save(output, "PDF", save_all=True, append_images=others, resolution=RESOLUTION)
    return output.getvalue()


def made_with(edit: Callable[[pikepdf.Pdf], object] = lambda pdf: None, **options: object) -> bytes:
    """A PDF of one page, after `edit`."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    edit(pdf)
    output = io.BytesIO()
    pdf.save(output, **options)  # type: ignore[arg-type]  # the test's own options
    return output.getvalue()
