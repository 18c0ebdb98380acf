"""HTML of ours in, a PDF that everybody can read and that can be kept out: PDF/UA-1 and PDF/A-2a in one file.

PDF/UA-1 (ISO 14289-1): tagged, titled, with its language. PDF/A-2a (ISO 19005-2): its fonts and the profile
of its colours inside, nothing attached, every character known by its Unicode name. `make pdfcheck` has
veraPDF judge both.

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
from io import BytesIO
from types import MappingProxyType

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.css import ColorProfile
from weasyprint.logger import PROGRESS_LOGGER
from weasyprint.pdf.metadata import DocumentMetadata
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from cdppe.documents.registry import Progress
from cdppe.documents.seal import Seal

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

# A text pasted from elsewhere may hold characters that no font draws and that neither standard accepts:
# control characters and what is no character at all go.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
# Private characters have no meaning of their own (ISO 19005-2, 6.2.11.7.3). Those of the bullets and the
# arrow that word processors paste have one.
_PASTED = str.maketrans(dict.fromkeys("\uf076\uf0a7\uf0b7\uf0d8\uf0fc", "•") | {"\uf0e0": "→"})
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
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


# WeasyPrint writes the mark of one standard only, that of its variant: this is the other one. PDF/A accepts
# in its metadata only the properties that it knows or that the file describes (ISO 19005-2, 6.6.2.3): the
# mark of PDF/UA is among the second.
_VARIANT = "pdf/a-2a"
_COLOURS = "sRGB"
_PDF_UA_MARK = b"""\
<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="" pdfuaid:part="1"/>\
<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"\
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"\
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about="">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name>\
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>The part of ISO 14289 that the file follows</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property>\
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"""


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


class _BothMarks(DocumentMetadata):  # type: ignore[misc]  # WeasyPrint has no types
    """The metadata of a file that follows both standards."""

    def generate_rdf_metadata(self, variant: str, version: int, conformance: str) -> bytes:
        """WeasyPrint's own RDF, which says PDF/A-2a, and the mark of PDF/UA-1 with its description."""
        rdf: bytes = super().generate_rdf_metadata(variant, version, conformance)
        content, closing, _ = rdf.rpartition(b"</rdf:RDF>")
        return content + _PDF_UA_MARK + closing


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
    seal: Seal | None = None,
) -> bytes:
    """The PDF/UA-1 and PDF/A-2a of `html`, in French, laid out by the named bundled stylesheets.

    `title`, `author`, `subject` and `dated` (an aware moment, the creation date) go to the metadata.
    `progress` is told of each page, `expected_pages` being the caller's estimate of their number.
    With a `seal`, every page bears its QR code and the version's fingerprint.
    Raises `AssetRefused` when a stylesheet is not bundled.
    """
    html = _CONTROL.sub("", html).translate(_PASTED)
    html = _PRIVATE.sub(lambda found: _stand_in(ord(found[0])), html)
    moment = _w3c(dated)
    metadata = _BothMarks(
        title=title,
        lang="fr",
        authors=[author] if author else [],
        description=subject or None,
        created=moment,
        modified=moment,
    )
    identifier = hashlib.sha256(f"{title}\n{moment}\n{html}".encode()).digest()[:16]
    with _told(progress, expected_pages):
        content, undrawn = _written(html, stylesheets, metadata, identifier, seal)
        if undrawn:
            # Which characters the fonts of this machine lack is known once the pages are drawn, not before.
            html = html.translate({codepoint: _stand_in(codepoint) for codepoint in undrawn})
            content, _ = _written(html, stylesheets, metadata, identifier, seal)
    return content


def _written(
    html: str,
    stylesheets: Sequence[str],
    metadata: DocumentMetadata,
    identifier: bytes,
    seal: Seal | None,
) -> tuple[bytes, frozenset[int]]:
    """The PDF of `html`, and the code points in it that no font draws."""
    fetcher = BundledAssets()
    fonts = FontConfiguration()
    styles = []
    for name in stylesheets:
        url = f"{SCHEME}{name}"
        sheet = fetcher.fetch(url).read().decode()
        styles.append(CSS(string=sheet, base_url=url, url_fetcher=fetcher, font_config=fonts))
    if seal is not None:
        styles.append(CSS(string=seal.stylesheet, url_fetcher=fetcher, font_config=fonts))
    document = HTML(string=html, url_fetcher=fetcher).render(
        font_config=fonts,
        color_profiles={_COLOURS: _colour_profile()},
        output_intent=_COLOURS,
        stylesheets=styles,
        # The number of a list's item (<li value>) is one: without them each list would begin at 1.
        presentational_hints=True,
        pdf_variant=_VARIANT,
    )
    document.metadata = metadata
    content: bytes = document.write_pdf(
        finisher=seal.stamp if seal is not None else None,
        pdf_variant=_VARIANT,
        output_intent=_COLOURS,
        pdf_identifier=identifier,
    )
    return content, frozenset(codepoint for font in document.fonts.values() for codepoint in font.missing)


def _colour_profile() -> ColorProfile:
    """What the colours of a document mean: sRGB, by the profile that WeasyPrint ships.

    Asked for by name, WeasyPrint opens its file and leaves it open.
    """
    shipped = (files("weasyprint") / "pdf").iterdir()
    (profile,) = (path for path in shipped if path.name.startswith("sRGB"))
    content = profile.read_bytes()
    return ColorProfile(BytesIO(content), profile.name, "relative-colorimetric", (["r"], ["g"], ["b"]))


def _stand_in(codepoint: int) -> str:
    """What is printed where no font draws a character: which one it is, so that nothing is lost.

    >>> _stand_in(0x1F642)
    '[U+1F642]'
    """
    return f"[U+{codepoint:04X}]"


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
