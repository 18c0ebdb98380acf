"""Long texts with light marks: paragraphs, lists, bold; nothing lost, nothing executed."""

from __future__ import annotations

import re
import time

import pytest
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from cdppe.lib.rich_text import Item, ItemList, Paragraph, Run, parse_rich_text, to_marked, to_plain

ANY_TEXT = st.text(st.characters(blacklist_categories=()), max_size=200)
"""Control characters, right-to-left marks and lone surrogates included."""
MARKED_TEXT = st.text(st.sampled_from("ab é*-–•1.) \n\r\t\u00a0<&>\"'"), max_size=120)


def rendered(text: str) -> str:
    return render_to_string("components/rich_text.html", {"blocks": parse_rich_text(text)})


def squeezed(html: str) -> str:
    return re.sub(r">\s+<", "><", html).strip()


def letters(text: str) -> str:
    """What of a text no mark can be: no space, no asterisk, and no marker at the start of a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    bare = [re.sub(r"^\s*(?:[-–•·]|[1-9][0-9]{0,2}[.)])\s+(?=\S)", "", line) for line in lines]
    return "".join("".join(bare).replace("*", "").split())


def said(text: str) -> str:
    found = []
    for block in parse_rich_text(text):
        parts = [block.lines] if isinstance(block, Paragraph) else [item.lines for item in block.items]
        found += [run.text for lines in parts for line in lines for run in line]
    return "".join("".join(found).replace("*", "").split())


def test_a_blank_line_ends_a_paragraph_and_a_line_break_is_kept() -> None:
    assert parse_rich_text("un\ndeux\r\n\r\n\r\ntrois") == (
        Paragraph(((Run("un"),), (Run("deux"),))),
        Paragraph(((Run("trois"),),)),
    )


def test_a_line_that_starts_with_a_dash_is_a_bullet_whatever_the_dash() -> None:
    (block,) = parse_rich_text("- un\n– deux\n•\ttrois\n  · quatre")
    assert isinstance(block, ItemList)
    assert not block.is_numbered
    assert [item.lines[0][0].text for item in block.items] == ["un", "deux", "trois", "quatre"]


def test_numbered_items_keep_the_numbers_that_were_typed() -> None:
    (block,) = parse_rich_text("3. trois\n\n7) sept")
    assert block == ItemList((Item(((Run("trois"),),), 3), Item(((Run("sept"),),), 7)), is_numbered=True)


def test_a_list_after_a_sentence_and_a_sentence_after_a_list_stand_apart() -> None:
    kinds = [block.kind for block in parse_rich_text("Trois temps :\n- un\n- deux\n1. a\nFin")]
    assert kinds == ["paragraph", "bullets", "numbers", "paragraph"]


def test_an_indented_line_goes_on_with_its_item() -> None:
    (block,) = parse_rich_text("- un\n  et la suite\n- deux")
    assert isinstance(block, ItemList)
    assert [len(item.lines) for item in block.items] == [2, 1]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("du **gras** ici", (Run("du "), Run("gras", is_bold=True), Run(" ici"))),
        ("**a** **b**", (Run("a", is_bold=True), Run(" "), Run("b", is_bold=True))),
        ("2 ** 3 ** 4", (Run("2 ** 3 ** 4"),)),
        ("**ouvert", (Run("**ouvert"),)),
        ("fermé**", (Run("fermé**"),)),
        ("****", (Run("****"),)),
        ("une * seule", (Run("une * seule"),)),
    ],
)
def test_bold_is_a_pair_of_double_asterisks_that_touch_the_words(text: str, runs: tuple[Run, ...]) -> None:
    assert parse_rich_text(text) == (Paragraph((runs,)),)


@pytest.mark.parametrize("text", ["-5 % en un an", "-", "1.5 million", "2020. Une année", "0. rien", "a - b"])
def test_what_only_looks_like_a_mark_is_literal(text: str) -> None:
    assert parse_rich_text(text) == (Paragraph(((Run(text),),)),)


def test_a_text_without_a_visible_character_has_no_block() -> None:
    assert parse_rich_text(" \n\t\r\n\u00a0") == ()


@settings(deadline=None)
@given(ANY_TEXT | MARKED_TEXT)
def test_no_text_raises_and_every_character_that_is_no_mark_comes_out_in_order(text: str) -> None:
    assert said(text) == letters(text)


@settings(deadline=None)
@given(ANY_TEXT | MARKED_TEXT)
def test_a_text_written_again_from_its_blocks_has_the_same_blocks(text: str) -> None:
    blocks = parse_rich_text(text)
    assert parse_rich_text(to_marked(blocks)) == blocks


@settings(deadline=None)
@given(ANY_TEXT | MARKED_TEXT)
def test_no_markup_of_the_text_reaches_the_page(text: str) -> None:
    tags = set(re.findall(r"<[^>]*>", rendered(text)))
    ours = r"<(/?(p|ul|ol|li|strong|br)|li value=\"[0-9]{1,3}\"|(p|ul|ol) class=\"rich-text\")>"
    assert all(re.fullmatch(ours, tag) for tag in tags)


@pytest.mark.parametrize(
    "piece", ["**a ", "**", "- ", "-\t", "1. ", " ", "** a**", "\n", "  \n", "*", "a**b"]
)
def test_a_megabyte_of_marks_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    parse_rich_text(text)
    assert time.process_time() - start < 8


def test_the_page_shows_paragraphs_lists_and_bold_and_escapes_the_rest() -> None:
    html = squeezed(rendered("Un <b>mot</b> **fort**\nsuite\n\n- a & b\n\n2. deux"))
    assert html == (
        '<p class="rich-text">Un &lt;b&gt;mot&lt;/b&gt; <strong>fort</strong><br>suite</p>'
        '<ul class="rich-text"><li>a &amp; b</li></ul>'
        '<ol class="rich-text"><li value="2">deux</li></ol>'
    )


def test_without_its_marks_a_text_stays_on_its_lines() -> None:
    assert to_plain("**PMI** et CAF\n\n• un\n1) deux") == "PMI et CAF\n- un\n1. deux"
