"""Pages of a version printed, signed by hand and scanned: which are there, which are not."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pypdf
import pytest
from PIL import Image, ImageDraw

from agreements.signing.page_codes import PageMatch, listed, match_pages, parse_page_code
from agreements.signing.scans import ScanUnreadable, read_scan
from cdppe.documents.pdf import render_pdf
from cdppe.documents.seal import Seal
from tests.agreements.pdfs import DATED, OTHER_UID, PAGES, UID, pictures, scan_of, seal_of, sealed

Sheets = Sequence[Image.Image]


def matched(sheets: Sheets, confirmed: dict[int, int] | None = None) -> PageMatch:
    """What a scan of `sheets` is, read from its pictures."""
    return match_pages(read_scan(scan_of(sheets)).codes, uid=UID, total=PAGES, confirmed=confirmed)


def stained(sheet: Image.Image) -> Image.Image:
    """The foot of the sheet under a stain of ink."""
    dirty = sheet.copy()
    width, height = dirty.size
    ImageDraw.Draw(dirty).rectangle((0, height - height // 8, width, height), fill=90)
    return dirty


def test_every_page_bears_its_code_and_the_fingerprint_as_an_artifact() -> None:
    reader = pypdf.PdfReader(io.BytesIO(sealed()))
    assert len(reader.pages) == PAGES
    for page in reader.pages:
        content = page.get_contents()
        assert content is not None
        assert content.get_data().rstrip().endswith(b"EMC")
        assert b"/Artifact BMC q 0 g" in content.get_data()
        assert "Empreinte 1a2b 3c4d 5e6f 7a8b" in page.extract_text()
    codes = read_scan(sealed()).codes
    assert codes == tuple((seal_of().page_code(number, PAGES),) for number in range(1, PAGES + 1))


def test_the_same_seal_gives_the_same_bytes_and_another_one_does_not() -> None:
    html = '<!DOCTYPE html><html lang="fr"><head><title>x</title></head><body><p>Texte</p></body></html>'

    def printed(seal: Seal | None) -> bytes:
        return render_pdf(html, title="Essai", dated=DATED, seal=seal)

    assert printed(seal_of()) == printed(seal_of())
    assert len({printed(None), printed(seal_of()), printed(seal_of(OTHER_UID))}) == 3


@pytest.mark.parametrize(
    ("fingerprint", "url"),
    [
        ("1a2b3c4d5e6f7a8b", f"https://cdppe.example.org/versions/{UID}/"),
        ('1a2b 3c4d 5e6f 7a8b"; content: url(x)', f"https://cdppe.example.org/versions/{UID}/"),
        ("1a2b 3c4d 5e6f 7a8b", "https://cdppe.example.org/versions/"),
        ("1a2b 3c4d 5e6f 7a8b", f"javascript:{UID}"),
    ],
)
def test_a_seal_says_nothing_but_a_fingerprint_and_the_address_of_its_version(
    fingerprint: str, url: str
) -> None:
    with pytest.raises(ValueError):
        Seal(UID, fingerprint, url)


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: sheet,
        lambda sheet: sheet.rotate(180),
        lambda sheet: sheet.transpose(Image.Transpose.ROTATE_90),
        lambda sheet: sheet.rotate(2.5, fillcolor=255),
        lambda sheet: sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4)),
        lambda sheet: sheet.point(lambda shade: 255 if shade > 140 else 0),
    ],
    ids=["straight", "upside down", "on its side", "askew", "150 points an inch", "black and white"],
)
def test_a_whole_scan_is_complete_however_it_was_laid_on_the_scanner(
    change: Callable[[Image.Image], Image.Image],
) -> None:
    match = matched([change(sheet) for sheet in pictures(sealed())])
    assert match.is_complete, match.sentences
    assert match.sentences == (
        f"Le document numérisé contient les {PAGES} pages de la version, chacune une fois.",
    )


def test_shuffled_pages_are_complete_and_put_back_in_order() -> None:
    sheets = pictures(sealed())
    match = matched([sheets[2], sheets[0], sheets[3], sheets[1]])
    assert match.is_complete
    assert match.found == {1: 3, 2: 1, 3: 4, 4: 2}


def test_a_missing_page_is_named() -> None:
    sheets = pictures(sealed())
    match = matched([sheets[0], sheets[1], sheets[3]])
    assert match.missing == (3,)
    assert not match.is_complete
    assert "Page manquante : 3 sur 4." in match.sentences


def test_a_doubled_page_is_told_by_its_sheets() -> None:
    sheets = pictures(sealed())
    match = matched([*sheets, sheets[1]])
    assert match.doubled == {2: (2, 5)}
    assert "Page 2 présente 2 fois : feuilles 2 et 5 du document déposé." in match.sentences


def test_a_page_of_another_version_is_foreign() -> None:
    sheets = list(pictures(sealed()))
    sheets[2] = pictures(sealed(OTHER_UID))[2]
    match = matched(sheets)
    assert (match.foreign, match.missing) == ((3,), (3,))
    assert any("d’une autre version" in sentence for sentence in match.sentences)


def test_an_unreadable_page_is_confirmed_by_hand() -> None:
    sheets = list(pictures(sealed()))
    sheets[1] = stained(sheets[1])
    match = matched(sheets)
    assert (match.unreadable, match.missing, match.foreign) == ((2,), (2,), ())
    assert any("Code illisible : feuille 2" in sentence for sentence in match.sentences)
    assert matched(sheets, {2: 2}).is_complete
    assert matched(sheets, {2: 1}).doubled == {1: (1, 2)}


@pytest.mark.parametrize("confirmed", [{1: 1}, {2: 5}, {2: 0}, {9: 2}])
def test_nobody_confirms_a_read_page_or_one_that_does_not_exist(confirmed: dict[int, int]) -> None:
    codes = [[seal_of().page_code(1, PAGES)], [], [seal_of().page_code(3, PAGES)]]
    with pytest.raises(ValueError):
        match_pages(codes, uid=UID, total=PAGES, confirmed=confirmed)


def test_a_code_of_another_total_or_two_versions_on_one_page_are_foreign() -> None:
    code, other = seal_of().page_code(1, PAGES), seal_of(OTHER_UID).page_code(1, PAGES)
    match = match_pages([[seal_of().page_code(1, PAGES + 1)], [code, other]], uid=UID, total=PAGES)
    assert match.foreign == (1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://cdppe.example.org/versions/",
        f"https://cdppe.example.org/{UID}",
        f"https://cdppe.example.org/{UID}#0/4",
        f"https://cdppe.example.org/{UID}#5/4",
        f"{UID}#1/4",
        "WIFI:S:prefecture;;",
    ],
)
def test_another_code_than_ours_names_no_page(text: str) -> None:
    assert parse_page_code(text) is None


def test_a_match_survives_its_storage() -> None:
    codes = [[seal_of().page_code(number, PAGES)] for number in (1, 1, 3)]
    match = match_pages([*codes, []], uid=UID, total=PAGES)
    assert PageMatch.from_json(match.to_json()) == match


def test_numbers_are_listed_as_people_write_them() -> None:
    assert listed([7, 1, 2, 3]) == "1 à 3 et 7"


def test_a_reading_tells_how_far_it_is_and_stops_when_its_time_is_over() -> None:
    told: list[int] = []
    assert read_scan(sealed(), tick=told.append).skipped == ()
    assert told == sorted(told)
    late = read_scan(sealed(), seconds=60, seconds_a_page=60)
    assert len(late.codes) == PAGES
    with pytest.raises(ScanUnreadable):
        read_scan(sealed(), seconds=0.05, seconds_a_page=0.05)


def test_what_is_no_pdf_cannot_be_read() -> None:
    with pytest.raises(ScanUnreadable):
        read_scan(b"%PDF-1.7 rien")
