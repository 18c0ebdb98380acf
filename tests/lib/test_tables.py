"""Reading a table that somebody sends: what is read, and what is refused before it does harm."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal

import openpyxl
import pytest
from openpyxl import Workbook

from cdppe.lib import tables
from cdppe.lib.table_export import original_text, plain_number, without_formula, write_csv, write_xlsx
from cdppe.lib.tables import Cell, CellKind, TableRefused, read_table

DTD = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'


def texts(content: bytes) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in read_table(content, name="f").rows]


def workbook(*rows: list[object], change: Callable[[Workbook], None] | None = None) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """`content` with one of its parts changed, or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return stream.getvalue()


class TestCsv:
    @pytest.mark.parametrize(
        "content",
        [
            b"code;valeur\n01;1,5\n",
            b'code,valeur\n01,"1,5"\n',
            b"code\tvaleur\r\n01\t1,5\r\n",
            b"\xef\xbb\xbfcode;valeur\r\n\r\n01;1,5;;\r\n",
        ],
    )
    def test_any_usual_separator_is_recognised(self, content: bytes) -> None:
        assert texts(content) == [["code", "valeur"], ["01", "1,5"]]

    def test_windows_accents_are_read_and_said(self) -> None:
        table = read_table("département;valeur\n01;1\n".encode("cp1252"), name="f.csv")
        assert table.rows[0].cell(0) == Cell("département")
        assert "Windows-1252" in table.remarks[0]

    def test_lines_keep_the_number_that_a_spreadsheet_shows_them_by(self) -> None:
        table = read_table(b'titre\n\ncode;valeur\n01;"deux\nlignes"\n02;3\n', name="f.csv")
        assert [row.number for row in table.rows] == [1, 3, 4, 6]
        assert table.rows[2].cell(1).text == "deux lignes"
        assert table.address(4, 1) == "cellule B4"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "vide"),
            (b" \n ", "vide"),
            (b";;\n;;\n", "aucune valeur"),
            (b"code;valeur\n01;\x001\n", "ni un CSV ni un classeur"),
            ("code;valeur\n01;1\n".encode("utf-16"), "UTF-16"),
            (b"code;valeur\n01;\x81\n", "Windows-1252"),
            (b'code;valeur\n01;"1\n', "guillemet"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "ni un CSV ni un classeur"),
            (b"code;valeur\n" * 5_001, "5000 lignes"),
            (b"1\n" * 1_000_000, "trop long"),
            (b";" * 70 + b"x\n", "71 colonnes"),
            (b"x" * 4_001, "4000 caractères"),
            (b"x" * 200_000, "démesurée"),
            (b"1;" * (tables.MAX_BYTES // 2 + 1), "2 Mo au plus"),
        ],
    )
    def test_what_is_no_table_is_refused_with_a_sentence(self, content: bytes, said: str) -> None:
        with pytest.raises(TableRefused, match=said):
            read_table(content, name="f.csv")


class TestWorkbook:
    def test_each_cell_says_what_it_is(self) -> None:
        def change(book: Workbook) -> None:
            book.active["A3"].number_format = "0.0%"

        content = workbook(
            ["code", "valeur"],
            ["01", 1234, 0.1 + 0.2, 1e-5, True, dt.date(2019, 1, 1), "=1+1", "#N/A", None, "x"],
            [0.5],
            change=change,
        )
        table = read_table(content, name="f.xlsx")
        assert table.sheet == "Sheet"
        assert table.rows[1].cells == (
            Cell("01"),
            Cell("1234", CellKind.NUMBER),
            Cell("0.3", CellKind.NUMBER),
            Cell("0.00001", CellKind.NUMBER),
            Cell("VRAI", CellKind.BOOLEAN),
            Cell("01/01/2019", CellKind.DATE),
            Cell("=1+1", CellKind.FORMULA),
            Cell("#N/A", CellKind.ERROR),
            Cell(""),
            Cell("x"),
        )
        assert table.rows[2].cell(0) == Cell("0.5", CellKind.PERCENT)
        assert table.address(2, 26) == "feuille « Sheet », cellule AA2"

    def test_the_first_visible_sheet_that_holds_something_is_read_and_the_others_named(self) -> None:
        def change(book: Workbook) -> None:
            book.active.sheet_state = "hidden"
            book.create_sheet("Vide")
            book.create_sheet("Chiffres").append(["lu"])
            book.create_sheet("Autre").append(["non lu"])

        table = read_table(workbook(["caché"], change=change), name="f.xlsx")
        assert (table.sheet, table.rows[0].cell(0).text) == ("Chiffres", "lu")
        assert "« Autre »" in table.remarks[0]

    def test_a_size_that_the_file_makes_up_is_not_believed(self) -> None:
        content = with_part(
            workbook(["code", "valeur"], ["01", 1]),
            "xl/worksheets/sheet1.xml",
            lambda part: part.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'),
        )
        assert texts(content) == [["code", "valeur"], ["01", "1"]]

    @pytest.mark.parametrize(
        "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_a_dtd_is_refused_in_every_part_and_encoding(self, part: str, encoding: str) -> None:
        def change(xml: bytes) -> bytes:
            text = xml.decode()
            body = text.partition("?>")[2] if text.startswith("<?xml") else text
            return f'<?xml version="1.0" encoding="{encoding}"?>{DTD.decode()}{body}'.encode(encoding)

        with pytest.raises(TableRefused, match="DTD"):
            read_table(with_part(workbook(["a"]), part, change), name="f.xlsx")

    def test_a_dtd_is_refused_in_a_part_that_hides_its_nature(self) -> None:
        with pytest.raises(TableRefused, match="DTD"):
            read_table(with_part(workbook(["a"]), "xl/media/image1.png", lambda _: DTD + b"<x/>"), name="f")

    def test_lxml_never_reads_a_workbook(self) -> None:
        assert openpyxl.LXML is False
        assert openpyxl.DEFUSEDXML is True

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"PK\x03\x04 and nothing else", "abîmé"),
            (workbook(["a"])[:-200], "abîmé"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "mot de passe"),
            (with_part(workbook(["a"]), "xl/vbaProject.bin", lambda _: b"x"), "macros"),
            (with_part(workbook(["a"]), "xl/workbook.xml", lambda _: b"<workbook"), "abîmé"),
            (with_part(workbook(["a"]), "xl/worksheets/sheet1.xml", lambda _: b"<a/>"), "aucune valeur"),
            (with_part(workbook(["a"]), "xl/bomb.xml", lambda _: b"<a>" + b" " * 20_000_000), "décompressé"),
            (with_part(workbook(["a"]), "content.xml", lambda _: b"<a/>"), None),
            (workbook(), "aucune valeur"),
            (workbook(*[[1]] * 5_001), "trop long"),
            (workbook(["a" * 4_001]), "4000 caractères"),
        ],
    )
    def test_what_harms_or_is_damaged_is_refused_with_a_sentence(
        self, content: bytes, said: str | None
    ) -> None:
        if said is None:
            assert texts(content) == [["a"]]
            return
        with pytest.raises(TableRefused, match=said):
            read_table(content, name="f.xlsx")

    def test_a_zip_that_is_no_workbook_says_which_format_to_save_in(self) -> None:
        for parts, said in (
            ({"a.txt": "x"}, "pas un classeur Excel"),
            ({"mimetype": "x", "content.xml": "<a/>"}, "ods"),
        ):
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as archive:
                for name, text in parts.items():
                    archive.writestr(name, text)
            with pytest.raises(TableRefused, match=said):
                read_table(stream.getvalue(), name="f.zip")

    def test_a_protected_part_is_refused(self) -> None:
        content = bytearray(workbook(["a"]))
        at = content.rindex(b"PK\x01\x02")
        content[at + 8] |= 1
        with pytest.raises(TableRefused, match="mot de passe"):
            read_table(bytes(content), name="f.xlsx")

    def test_a_cell_at_the_end_of_the_sheet_does_not_fill_the_memory(self) -> None:
        def change(book: Workbook) -> None:
            book.active["XFD1"] = "loin"

        with pytest.raises(TableRefused, match="16384 colonnes"):
            read_table(workbook(["a"], change=change), name="f.xlsx")

    def test_one_text_repeated_in_every_cell_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "LONGEST_TEXT", 3_000)
        assert len(texts(workbook(*[["x" * 300] * 10]))) == 1
        with pytest.raises(TableRefused, match="trop de texte"):
            read_table(workbook(*[["x" * 300] * 10] * 2), name="f.xlsx")


class TestExport:
    @pytest.mark.parametrize(
        "text", ["=1+1", "+33", "-1", "@x", "\tx", "plain", "'quoted", "'=x", "''=x", ""]
    )
    def test_no_text_becomes_a_formula_and_each_comes_back(self, text: str) -> None:
        assert original_text(without_formula(text)) == text
        assert not without_formula(text).startswith(("=", "+", "-", "@", "\t"))
        rows = read_table(write_xlsx([("F", [("note", "x"), (text, "x")])]), name="f.xlsx").rows
        assert rows[1].cell(0).kind is CellKind.TEXT

    @pytest.mark.parametrize(
        ("value", "written"),
        [("1234.5000", "1234.5"), ("1.234", "1.2340"), ("0", "0"), ("100.0000", "100"), ("1E+3", "1000")],
    )
    def test_a_number_is_written_so_that_it_reads_one_way(self, value: str, written: str) -> None:
        assert plain_number(Decimal(value)) == written

    def test_a_french_spreadsheet_opens_the_csv_as_it_is(self) -> None:
        content = write_csv([("code", "valeur"), ("01", Decimal("1.5")), ("02", None), ("=A1", 3)])
        assert content == "\ufeffcode;valeur\r\n01;1,5\r\n02;\r\n'=A1;3\r\n".encode()
