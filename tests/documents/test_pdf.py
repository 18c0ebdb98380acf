"""HTML of ours in, accessible PDF out; nothing but bundled assets is ever read."""

from __future__ import annotations

import datetime as dt
import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from weasyprint import HTML, Attachment

from cdppe.documents.pdf import ASSETS, AssetRefused, BundledAssets, render_pdf

DATED = dt.datetime(2030, 6, 15, 12, 30, tzinfo=dt.UTC)
SECRET = "le-secret-du-serveur"


def pdf_of(body: str, **options: Any) -> bytes:
    html = f'<!DOCTYPE html><html lang="fr"><head><title>x</title></head><body>{body}</body></html>'
    return render_pdf(html, **{"title": "Essai d’un titre", "dated": DATED} | options)


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(content).pages)


def test_a_document_bears_the_marks_of_pdf_ua() -> None:
    reader = read(pdf_of("<h1>Bonjour</h1><p>Texte</p>", author="Les rédacteurs", subject="Un essai"))
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "fr"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "/StructTreeRoot" in catalog
    xmp = catalog["/Metadata"].get_data().decode()
    assert 'pdfuaid:part="1"' in xmp
    assert "Essai d’un titre" in xmp
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author, reader.metadata.subject) == (
        "Essai d’un titre",
        "Les rédacteurs",
        "Un essai",
    )


def test_its_dates_are_the_moment_that_was_given() -> None:
    metadata = read(pdf_of("<p>Texte</p>")).metadata
    assert metadata is not None
    assert metadata.creation_date == metadata.modification_date == DATED


def test_the_same_input_gives_the_same_bytes() -> None:
    body = "<h1>Titre</h1><table><tr><th>A</th><td>1</td></tr></table>"
    assert pdf_of(body) == pdf_of(body)
    assert pdf_of(body) != pdf_of(f"{body}<p>Un mot de plus.</p>")


def test_the_letters_are_those_of_the_bundled_typeface() -> None:
    fonts = {
        str(font.get_object()["/BaseFont"])
        for font in read(pdf_of("<h1>Titre</h1><p>Texte</p>")).pages[0]["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all("Marianne" in name for name in fonts), fonts


@pytest.fixture
def local_server() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server of this machine, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SECRET.encode())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def references_to(url: str) -> dict[str, str]:
    """Every way in which a document can ask for another address, by name."""
    return {
        "image": f'<img src="{url}" alt="x">',
        "object": f'<object data="{url}"></object>',
        "embed": f'<embed src="{url}">',
        "stylesheet": f'<link rel="stylesheet" href="{url}">',
        "import": f'<style>@import url("{url}");</style>',
        "background": f"<p style=\"background: url('{url}')\">x</p>",
        "font": (
            f'<style>@font-face {{ font-family: X; src: url("{url}"); }}</style>'
            '<p style="font-family: X">x</p>'
        ),
        "attachment": f'<link rel="attachment" href="{url}">',
        "attached link": f'<a rel="attachment" href="{url}">x</a>',
        "svg": (
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
            f'<image href="{url}" width="9" height="9"/></svg>'
        ),
        "content": f'<style>p::before {{ content: url("{url}") }}</style><p>x</p>',
        "list": f"<ul style=\"list-style-image: url('{url}')\"><li>x</li></ul>",
        "base": f'<base href="{url}"><img src="x.png" alt="x">',
    }


WAYS = sorted(references_to(""))


@pytest.mark.parametrize("way", WAYS)
def test_without_our_fetcher_each_way_would_reach_the_network(
    way: str, local_server: tuple[str, list[str]]
) -> None:
    """The control: each of these ways is one that WeasyPrint follows by itself."""
    address, asked = local_server
    HTML(string=references_to(f"{address}/image.png")[way]).write_pdf()
    assert asked


@pytest.mark.parametrize("way", WAYS)
def test_no_document_reaches_the_network(way: str, local_server: tuple[str, list[str]]) -> None:
    address, asked = local_server
    content = pdf_of(references_to(f"{address}/image.png")[way])
    assert asked == []
    assert SECRET.encode() not in content


@pytest.mark.parametrize("way", WAYS)
def test_no_document_reads_another_file(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><text y="20">{SECRET}</text></svg>')
    given: list[str] = []
    fetch = BundledAssets.fetch

    def watched(self: BundledAssets, url: str, headers: None = None) -> object:
        response = fetch(self, url, headers)
        given.append(url)
        return response

    monkeypatch.setattr(BundledAssets, "fetch", watched)
    content = pdf_of(references_to(secret.as_uri())[way])
    assert set(given) <= set(ASSETS)
    assert SECRET not in text_of(content)
    assert read(content).attachments == {}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://example.org/x.css",
        "https://example.org/x.css",
        "ftp://example.org/x",
        "data:text/css,p{color:red}",
        "asset:../settings.py",
        "asset:contract.css?x",
        "ASSET:contract.css",
        "asset:",
        "contract.css",
        "/etc/passwd",
        "",
    ],
)
def test_the_list_of_assets_is_closed(url: str) -> None:
    with pytest.raises(AssetRefused):
        BundledAssets().fetch(url)
    with pytest.raises(AssetRefused):
        BundledAssets().open(url)


def test_an_attachment_goes_through_the_same_door(tmp_path: Path) -> None:
    fetcher = BundledAssets()
    attachment = Attachment(url=(tmp_path / "x").as_uri(), url_fetcher=fetcher)
    with pytest.raises(OSError, match="not a bundled asset"), attachment.source:
        pass


def test_characters_that_no_font_draws_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """A PDF/UA may not contain the sign of a missing glyph (ISO 14289-1, 7.21.8)."""
    assert text_of(pdf_of("<p>avant\x0b\x1f\x7f\x9faprès</p>")).startswith("avantaprès\n")
    assert ".notdef" not in caplog.text


def test_every_asset_is_there_and_not_empty() -> None:
    for url in ASSETS:
        assert BundledAssets().fetch(url).read(), url


def test_a_stylesheet_that_is_not_bundled_is_refused_whole() -> None:
    with pytest.raises(AssetRefused):
        pdf_of("<p>x</p>", stylesheets=("../../secret.css",))


def test_progress_goes_from_the_first_page_to_the_last_step() -> None:
    told: list[tuple[int, str]] = []
    pdf_of(
        "".join(f'<h2 style="break-before: page">Page {page}</h2>' for page in range(5)),
        progress=lambda percent, step: told.append((percent, step)),
        expected_pages=6,
    )
    layout = [percent for percent, step in told if step.startswith("Mise en page : page")]
    assert len(layout) >= 5
    assert layout == sorted(layout)
    assert max(percent for percent, _ in told) <= 99
    assert told[-1][0] > 90


def test_more_pages_than_expected_do_not_go_over_the_part_of_the_layout() -> None:
    told: list[int] = []
    pdf_of(
        "".join(f'<h2 style="break-before: page">Page {page}</h2>' for page in range(5)),
        progress=lambda percent, step: told.append(percent),
        expected_pages=1,
    )
    assert max(told) <= 99


def test_the_progress_of_another_thread_is_not_ours() -> None:
    told: list[str] = []
    inner: list[str] = []

    def other_thread() -> None:
        pdf_of("<p>autre</p>", progress=lambda percent, step: inner.append(step))

    def progress(percent: int, step: str) -> None:
        told.append(step)
        if len(told) == 1:
            thread = threading.Thread(target=other_thread)
            thread.start()
            thread.join()

    pdf_of("<p>seul</p>", progress=progress)
    assert len([step for step in told if step == "Écriture du PDF"]) == 1
    assert len([step for step in inner if step == "Écriture du PDF"]) == 1


def test_a_runner_that_was_replaced_stops_in_the_middle_of_the_layout() -> None:
    class Replaced(Exception):
        pass

    def progress(percent: int, step: str) -> None:
        raise Replaced

    with pytest.raises(Replaced):
        pdf_of("<p>Texte</p>", progress=progress)
