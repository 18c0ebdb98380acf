"""Which PDFs are accepted, and the reason told for each of the others."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from agreements.signing.bounded import MEBIBYTE, Bounds
from agreements.signing.upload import MAX_BYTES, REASONS, UploadRefused, check_upload
from tests.agreements.authority import signed
from tests.agreements.pdfs import PAGES, made_with, pictures, scan_of, sealed


def refusal_of(content: bytes, **options: Bounds) -> str:
    with pytest.raises(UploadRefused) as refused:
        check_upload(content, **options)
    assert str(refused.value) == REASONS[refused.value.code]
    return refused.value.code


def test_a_signed_version_is_accepted_with_its_facts() -> None:
    content = signed(sealed(), "Préfète", "Président")
    facts = check_upload(content)
    assert (facts.size, facts.pages, facts.signatures) == (len(content), PAGES, 2)
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


def test_a_scan_is_accepted() -> None:
    assert check_upload(scan_of(pictures(sealed()))).pages == PAGES


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 un document Word", "magic"),
        (b"\n%PDF-1.7", "magic"),
        (b"%PDF-1.7\nrien", "unreadable"),
        (b"%PDF-" + b"0" * MAX_BYTES, "size"),
    ],
    ids=["empty", "word", "blank first", "broken", "too big"],
)
def test_what_is_no_pdf_of_twenty_megabytes_is_refused(content: bytes, code: str) -> None:
    assert refusal_of(content) == code


def put(key: str, value: object) -> Callable[[pikepdf.Pdf], object]:
    return lambda pdf: pdf.Root.__setitem__(key, value)


def put_on_page(value: Dictionary) -> Callable[[pikepdf.Pdf], object]:
    return lambda pdf: pdf.pages[0].obj.__setitem__("/Annots", Array([pdf.make_indirect(value)]))


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (put("/OpenAction", Dictionary(S=Name.JavaScript, JS="app.alert(1)")), "script"),
        (put("/Names", Dictionary(JavaScript=Dictionary(Names=Array([])))), "script"),
        (put("/AA", Dictionary(WC=Dictionary(S=Name.Launch, F="calc.exe"))), "launch"),
        (put_on_page(Dictionary(Subtype=Name.Link, A=Dictionary(S=Name.Launch, F="x"))), "launch"),
        (put_on_page(Dictionary(Subtype=Name.Link, A=Dictionary(S=Name.SubmitForm, F="http://x"))), "submit"),
        (put_on_page(Dictionary(Subtype=Name.Link, A=Dictionary(S=Name.ImportData, F="x"))), "submit"),
        (put_on_page(Dictionary(Subtype=Name.FileAttachment)), "embedded"),
        (put_on_page(Dictionary(Subtype=Name.RichMedia)), "media"),
        (put("/AcroForm", Dictionary(Fields=Array([]), XFA="<xdp/>")), "xfa"),
        (put("/Collection", Dictionary()), "embedded"),
        (lambda pdf: pdf.attachments.__setitem__("annexe.xlsx", b"x"), "embedded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_runs_sends_or_hides_something_is_refused(
    edit: Callable[[pikepdf.Pdf], object], code: str
) -> None:
    assert refusal_of(made_with(edit)) == code


def test_a_name_written_in_hexadecimal_hides_nothing() -> None:
    content = made_with(put("/OpenAction", Dictionary(S=Name.Launch, F="x")), compress_streams=False)
    assert refusal_of(content.replace(b"/Launch", b"/L#61unch")) == "launch"


def test_a_link_to_a_page_of_the_web_is_accepted() -> None:
    link = Dictionary(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI="https://www.legifrance.gouv.fr"))
    assert check_upload(made_with(put_on_page(link))).pages == 1


@pytest.mark.parametrize("password", ["", "secret"], ids=["owner only", "to open"])
def test_an_encrypted_file_is_refused(password: str) -> None:
    encryption = pikepdf.Encryption(owner="propriétaire", user=password)
    assert refusal_of(made_with(encryption=encryption)) == "encrypted"


def page_bomb() -> bytes:
    """Ten levels of ten times the same branch: ten thousand million pages in a kilobyte."""
    nodes = [
        f"{number} 0 obj <</Type/Pages/Count 10/Kids[{f'{number + 1} 0 R ' * 10}]>> endobj"
        for number in range(2, 12)
    ]
    return (
        "%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
        + "\n".join(nodes)
        + "\n12 0 obj <</Type/Page/MediaBox[0 0 9 9]>> endobj\ntrailer <</Root 1 0 R/Size 13>>\n%%EOF"
    ).encode()


def stream_bomb() -> bytes:
    """An object stream of four megabytes that unfolds into four gigabytes."""
    packer = zlib.compressobj(9)
    zeros = b" " * MEBIBYTE
    packed = b"".join(packer.compress(zeros) for _ in range(4096)) + packer.flush()
    head = f"5 0 obj <</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length {len(packed)}>> stream\n".encode()
    rows = b"\0\0\0\0\0\0" + b"\2\0\0\0\5\0" * 2
    table = zlib.compress(rows)
    body = b"%PDF-1.7\n" + head + packed + b"\nendstream endobj\n"
    where = len(body)
    return (
        body
        + b"6 0 obj <</Type/XRef/Size 7/Index[0 3]/W[1 4 1]/Root 1 0 R/Filter/FlateDecode"
        + f"/Length {len(table)}>> stream\n".encode()
        + table
        + f"\nendstream endobj\nstartxref\n{where}\n%%EOF".encode()
    )


def deep_nest() -> bytes:
    depth = 50_000
    return (
        b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R/X " + b"[" * depth + b"]" * depth + b">> endobj\n"
        b"2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\ntrailer <</Root 1 0 R/Size 3>>\n%%EOF"
    )


@pytest.mark.parametrize("bomb", [page_bomb, stream_bomb, deep_nest], ids=lambda bomb: bomb.__name__)
def test_a_file_that_unfolds_without_end_is_refused_in_bounded_time(bomb: Callable[[], bytes]) -> None:
    content = bomb()
    started = time.monotonic()
    code = refusal_of(content, bounds=Bounds(seconds=20, silence=20, memory=768 * MEBIBYTE))
    assert code in ("heavy", "pages", "unreadable")
    assert time.monotonic() - started < 30
