"""What electronic signatures prove about a version: true signatures by a test authority, and false ones."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.signing.bounded import MEBIBYTE, Bounds
from agreements.signing.pades import (
    NO_SIGNATURE,
    TOO_HEAVY,
    Established,
    FileVerdict,
    Outcome,
    SignatureVerdict,
    trusted_roots,
    verify_signatures,
)
from tests.agreements.authority import NOW, authority, signed, signed_by, signer
from tests.agreements.pdfs import OTHER_UID, pictures, scan_of, sealed

PEOPLE = ("Préfète", "Directrice de l’ARS", "Président")


@cache
def verdict_on(content: bytes) -> FileVerdict:
    return verify_signatures(sealed(), content, roots=[authority().pem], at=NOW)


def answers(signature: SignatureVerdict) -> dict[str, str]:
    return {finding.code: finding.answer.value for finding in signature.findings}


def only(content: bytes) -> SignatureVerdict:
    (signature,) = verdict_on(content).signatures
    return signature


@pytest.mark.parametrize("order", list(itertools.permutations(PEOPLE)), ids=" ".join)
def test_three_signatures_are_valid_in_any_order(order: tuple[str, ...]) -> None:
    verdict = verdict_on(signed(sealed(), *order))
    assert verdict.outcome is Outcome.VALID
    assert [signature.signer.name for signature in verdict.signatures] == list(order)
    assert {signature.signer.organisation for signature in verdict.signatures} == {"Institution d’essai"}
    for signature in verdict.signatures:
        assert signature.authority == "Autorité de certification d’essai"
        assert answers(signature) == {
            "intact": "yes",
            "over_version": "yes",
            "unchanged_since": "yes",
            "trusted": "yes",
            "revocation": "unknown",
        }


def test_visible_signatures_are_valid_and_said_to_cover_text() -> None:
    verdict = verdict_on(signed(sealed(), "Préfète", "Président", visible=True))
    assert verdict.outcome is Outcome.VALID
    assert "cadres de signature" in verdict.sentences[1]


def test_a_bit_flipped_in_the_version_breaks_every_signature() -> None:
    content = bytearray(signed(sealed(), *PEOPLE))
    content[len(sealed()) // 2] ^= 1
    verdict = verdict_on(bytes(content))
    assert verdict.outcome is Outcome.INVALID
    for signature in verdict.signatures:
        assert signature.outcome is Outcome.INVALID
        assert answers(signature)["intact"] == answers(signature)["over_version"] == "no"
        assert answers(signature)["trusted"] == "unknown"


@pytest.mark.parametrize("place", ["entry", "range", "signature"])
def test_a_bit_flipped_in_the_signature_itself_never_leaves_it_valid(place: str) -> None:
    content = signed(sealed(), "Préfète")
    if place == "signature":
        # The value itself is at the end, before the zeros that fill its place up.
        hexadecimal = content[: content.index(b"0>", content.index(b"/Contents <"))].rstrip(b"0")
        where = len(hexadecimal) - 20
    else:
        where = content.index({"entry": b"/SubFilter", "range": b"/ByteRange"}[place]) + 2
    flipped = content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :]
    assert verdict_on(flipped).outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_an_unknown_authority_leaves_the_signer_unestablished() -> None:
    signature = only(signed(sealed(), "Inconnu", by=authority("Autre autorité")))
    assert signature.outcome is Outcome.INDETERMINATE
    assert answers(signature) | {"intact": "yes", "over_version": "yes", "trusted": "unknown"} == answers(
        signature
    )
    (sentence,) = [finding.sentence for finding in signature.findings if finding.code == "trusted"]
    assert "Autre autorité" in sentence


def test_an_expired_certificate_is_told_as_such() -> None:
    signature = only(signed_by(sealed(), signer("Périmé", days=-10)))
    assert signature.outcome is Outcome.INDETERMINATE
    (sentence,) = [finding.sentence for finding in signature.findings if finding.code == "trusted"]
    assert "en cours de validité" in sentence


def test_a_signature_over_another_version_is_invalid_for_ours() -> None:
    signature = only(signed(sealed(OTHER_UID), "Préfète"))
    assert signature.outcome is Outcome.INVALID
    assert answers(signature)["intact"] == "yes"
    assert answers(signature)["over_version"] == "no"


def test_a_scan_is_not_verifiable_which_is_not_invalid() -> None:
    verdict = verdict_on(scan_of(pictures(sealed())[:1]))
    assert verdict.outcome is Outcome.NOT_VERIFIABLE
    assert verdict.sentences == (NO_SIGNATURE,)


# --- Changed after the signature ---------------------------------------------------------------------------

Edit = Callable[[IncrementalPdfFileWriter], None]


def edited(content: bytes, edit: Edit) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    edit(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def first_page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page = writer.root["/Pages"]["/Kids"][0]
    writer.update_container(page)
    return page


def draw_over_the_page(writer: IncrementalPdfFileWriter) -> None:
    page = first_page(writer)
    drawing = writer.add_object(generic.StreamObject(stream_data=b"0 0 300 300 re f"))
    page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), drawing])


def rewrite_the_page(writer: IncrementalPdfFileWriter) -> None:
    content = first_page(writer)["/Contents"]
    content._data, content._encoded_data = b"0 0 300 300 re f", None
    writer.update_container(content)


def add_a_note(writer: IncrementalPdfFileWriter) -> None:
    page = first_page(writer)
    note = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 99, 99))),
        }
    )
    page["/Annots"] = generic.ArrayObject([*list.__iter__(page.get("/Annots", [])), writer.add_object(note)])


def add_a_text_field(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    field = generic.DictionaryObject(
        {
            generic.pdf_name("/FT"): generic.pdf_name("/Tx"),
            generic.pdf_name("/T"): generic.pdf_string("montant"),
            generic.pdf_name("/V"): generic.pdf_string("9 000"),
        }
    )
    form["/Fields"].append(writer.add_object(field))
    writer.update_container(form["/Fields"])


def open_on_an_action(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OpenAction"] = generic.ArrayObject()
    writer.update_root()


def swap_the_pages(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    list.reverse(pages["/Kids"])
    writer.update_container(pages)


def forget_a_signature(writer: IncrementalPdfFileWriter) -> None:
    fields = writer.root["/AcroForm"]["/Fields"]
    field = fields[0]
    del field["/V"]
    writer.update_container(field)


CHANGES: list[tuple[Edit, str]] = [
    (draw_over_the_page, "le contenu d’une page"),
    (rewrite_the_page, "un élément du texte"),
    (add_a_note, "une annotation"),
    (add_a_text_field, "un champ qui n’est pas une signature"),
    (open_on_an_action, "ses réglages d’ouverture"),
    (swap_the_pages, "un élément du texte"),
]


@pytest.mark.parametrize(("edit", "named"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_change_after_the_signature_is_told_by_what_it_touches(edit: Edit, named: str) -> None:
    signature = only(edited(signed(sealed(), "Préfète"), edit))
    assert signature.outcome is Outcome.INVALID
    assert answers(signature)["intact"] == answers(signature)["over_version"] == "yes"
    (finding,) = [each for each in signature.findings if each.code == "unchanged_since"]
    assert finding.answer is Established.NO
    assert named in finding.sentence


@pytest.mark.parametrize("edit", [draw_over_the_page, rewrite_the_page, add_a_note, swap_the_pages])
def test_a_change_between_two_signatures_spoils_both(edit: Edit) -> None:
    content = signed(edited(signed(sealed(), "Préfète"), edit), "Président")
    first, second = verdict_on(content).signatures
    assert answers(first)["unchanged_since"] == "no"
    assert answers(second)["over_version"] == "no"


def test_a_signature_taken_away_leaves_no_valid_one_of_that_person() -> None:
    content = edited(signed(sealed(), "Préfète", "Président"), forget_a_signature)
    verdict = verdict_on(content)
    assert verdict.outcome is Outcome.INVALID
    assert [signature.signer.name for signature in verdict.signatures] == ["Président"]


def test_validation_data_pointed_at_a_page_does_not_let_the_page_be_rewritten() -> None:
    def point_the_store(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/DSS"] = writer.root["/Pages"]["/Kids"][0].raw_get("/Contents")
        writer.update_root()

    content = edited(edited(signed(sealed(), "Préfète"), point_the_store), rewrite_the_page)
    assert only(content).outcome is Outcome.INVALID


def test_bytes_behind_the_last_signature_are_told() -> None:
    signature = only(signed(sealed(), "Préfète") + b"\nSuite du contrat")
    assert answers(signature)["unchanged_since"] == "no"


def test_a_whole_other_document_behind_ours_is_not_our_version() -> None:
    """The file begins with our bytes, but no reader shows them: its table of objects ignores ours."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(sealed(OTHER_UID, "Autre"))) as pdf:
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    other, shift = output.getvalue(), len(sealed())
    start = int(other.split(b"startxref\n")[1].split()[0])
    moved = re.sub(
        rb"(?m)^(\d{10}) (?=\d{5} n)", lambda found: b"%010d " % (int(found[1]) + shift), other[start:]
    )
    moved = moved.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + shift))
    forged = sealed() + other[:start] + moved
    verdict = verdict_on(signed(forged, "Préfète"))
    assert verdict.outcome is Outcome.INVALID
    assert answers(verdict.signatures[0])["over_version"] == "no"


# --- Bounds and storage ------------------------------------------------------------------------------------


def test_an_examination_that_takes_too_long_is_stopped_and_establishes_nothing() -> None:
    verdict = verify_signatures(
        sealed(),
        signed(sealed(), "Préfète"),
        roots=[authority().pem],
        at=NOW,
        bounds=Bounds(seconds=0.2, silence=0.2, memory=1024 * MEBIBYTE),
    )
    assert (verdict.outcome, verdict.sentences) == (Outcome.INDETERMINATE, (TOO_HEAVY,))


def test_a_file_that_is_no_pdf_establishes_nothing() -> None:
    assert verdict_on(b"%PDF-1.7 rien").outcome is Outcome.INDETERMINATE


def test_a_verdict_survives_its_storage() -> None:
    verdict = verdict_on(signed(sealed(), "Préfète", "Président"))
    assert FileVerdict.from_json(verdict.to_json()) == verdict


def test_the_authorities_are_the_certificates_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.pem").write_text(authority().pem)
    (tmp_path / "a.crt").write_text(authority("Autre autorité").pem)
    (tmp_path / "lisez-moi.txt").write_text("rien")
    assert trusted_roots(tmp_path) == (authority("Autre autorité").pem, authority().pem)
    assert trusted_roots(None) == ()
