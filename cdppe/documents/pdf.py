"""HTML of ours in, accessible PDF out (PDF/UA-1: tagged, titled, with its language).

WeasyPrint reads nothing by itself: every address, of a stylesheet, a font, an image or an attachment, goes
through `BundledAssets`, which knows a closed list of files shipped with the application and refuses the rest
(http, https, ftp, file, data). A text that people typed can therefore neither reach the network nor another
file of the server, even if it became markup, which the templates' escaping prevents.

Same input, same bytes: nothing depends on the clock. The two dates of the metadata are the one given as
`dated`, the moment at which the document was asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.logger import PROGRESS_LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from cdppe.documents.registry import Progress

SCHEME = "asset:"
_FONTS = files("dsfr") / "static" / "dsfr" / "dist" / "fonts"
_OURS = settings.BASE_DIR / "static" / "documents"
# The closed list: address → (file, media type). The Marianne typeface belongs to the State's own sites and
# documents; its files are those that django-dsfr ships, none is copied.
ASSETS: Mapping[str, tuple[Traversable, str]] = MappingProxyType(
    {
        f"{SCHEME}contract.css": (_OURS / "contract.css", "text/css"),
        f"{SCHEME}letter.css": (_OURS / "letter.css", "text/css"),
        f"{SCHEME}changes.css": (_OURS / "changes.css", "text/css"),
        f"{SCHEME}draft.css": (_OURS / "draft.css", "text/css"),
        f"{SCHEME}draft.svg": (_OURS / "draft.svg", "image/svg+xml"),
        f"{SCHEME}marianne-regular.woff2": (_FONTS / "Marianne-Regular.woff2", "font/woff2"),
        f"{SCHEME}marianne-italic.woff2": (_FONTS / "Marianne-Regular_Italic.woff2", "font/woff2"),
        f"{SCHEME}marianne-medium.woff2": (_FONTS / "Marianne-Medium.woff2", "font/woff2"),
        f"{SCHEME}marianne-bold.woff2": (_FONTS / "Marianne-Bold.woff2", "font/woff2"),
    }
)

# A text pasted from elsewhere may hold characters that no font draws and that a PDF/UA may not contain.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LAYOUT_PAGE = re.compile(r"Step 5 - Creating layout - Page (\d+)")
_REPAGINATION = "Step 5 - Creating layout - Repagination"
# Where each step of WeasyPrint begins, in per cent of the whole, as measured on contracts of 40 sheets.
_STEPS = (
    ("Step 2", 3, "Préparation des styles"),
    ("Step 3", 4, "Application des styles"),
    ("Step 4", 10, "Composition du texte"),
    (_REPAGINATION, 78, "Calcul de la table des matières"),
    ("Step 6", 82, "Écriture du PDF"),
    ("Step 7", 96, "Balisage du PDF"),
)
_FIRST_PAGE_AT, _LAST_PAGE_AT = 15, 78


class AssetRefused(ValueError):
    """A document asked for an address that is no bundled asset."""


class BundledAssets(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Gives the files of `ASSETS` and nothing else."""

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """The bundled file at `url`; raises `AssetRefused` for any other address, whatever its scheme."""
        if url not in ASSETS:
            raise AssetRefused(f"not a bundled asset: {url[:200]}")
        path, media_type = ASSETS[url]
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": media_type})


def render_pdf(
    html: str,
    *,
    title: str,
    dated: dt.datetime,
    stylesheets: Sequence[str] = ("contract.css",),
    author: str = "",
    subject: str = "",
    progress: Progress | None = None,
    expected_pages: int = 1,
) -> bytes:
    """The PDF/UA-1 of `html`, in French, laid out by the named bundled stylesheets.

    `title`, `author`, `subject` and `dated` (an aware moment, the creation date) go to the metadata.
    `progress` is told of each page, `expected_pages` being the caller's estimate of their number.
    Raises `AssetRefused` when a stylesheet is not bundled.
    """
    html = _CONTROL.sub("", html)
    fetcher = BundledAssets()
    fonts = FontConfiguration()
    with _told(progress, expected_pages):
        styles = []
        for name in stylesheets:
            url = f"{SCHEME}{name}"
            sheet = fetcher.fetch(url).read().decode()
            styles.append(CSS(string=sheet, base_url=url, url_fetcher=fetcher, font_config=fonts))
        document = HTML(string=html, url_fetcher=fetcher).render(
            font_config=fonts,
            stylesheets=styles,
            # The number of a list's item (<li value>) is one: without them each list would begin at 1.
            presentational_hints=True,
            pdf_variant="pdf/ua-1",
        )
        metadata = document.metadata
        metadata.title = title
        metadata.lang = "fr"
        metadata.authors = [author] if author else []
        metadata.description = subject or None
        metadata.keywords = []
        metadata.generator = None
        metadata.attachments = []
        metadata.created = metadata.modified = _w3c(dated)
        identifier = hashlib.sha256(f"{title}\n{metadata.created}\n{html}".encode()).digest()[:16]
        content: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)
    return content


def _w3c(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def _told(progress: Progress | None, expected_pages: int) -> Iterator[None]:
    """Within the block, what WeasyPrint logs in this thread about its steps is told to `progress`."""
    if progress is None:
        yield
        return
    handler = _ProgressHandler(progress, expected_pages)
    PROGRESS_LOGGER.addHandler(handler)
    try:
        yield
    finally:
        PROGRESS_LOGGER.removeHandler(handler)


class _ProgressHandler(logging.Handler):
    """Turns WeasyPrint's log of its steps into a percentage; other threads' documents are not ours."""

    def __init__(self, progress: Progress, expected_pages: int) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._expected_pages = max(expected_pages, 1)
        self._thread = threading.get_ident()

    def handle(self, record: logging.LogRecord) -> bool:
        """Without logging's own lock and error trap: a job that was taken over must stop the rendering."""
        if record.thread == self._thread:
            self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if page := _LAYOUT_PAGE.match(message):
            number = int(page[1])
            share = min(number / self._expected_pages, 1)
            percent = _FIRST_PAGE_AT + round(share * (_LAST_PAGE_AT - _FIRST_PAGE_AT))
            self._progress(percent, f"Mise en page : page {number}")
            return
        for start, percent, step in _STEPS:
            if message.startswith(start):
                self._progress(percent, step)
