"""Two texts with light marks compared as they are formatted: nothing is lost, every difference shows."""

from __future__ import annotations

import time

from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.rich_diff import ChangedRun, rich_diff, rich_sides, shows_a_change
from cdppe.lib.rich_text import Block, Item, ItemList, Line, Paragraph, Run, parse_rich_text
from cdppe.lib.text_diff import Kind

MARKED_TEXT = st.text(st.sampled_from("ab é*-–•1.) \n\r\t\u00a0<&>"), max_size=60)


def without_changes(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """`blocks` with plain runs, those of one formatting put together."""

    def line(runs: Line) -> Line:
        joined: list[Run] = []
        for run in runs:
            if joined and joined[-1].is_bold == run.is_bold:
                joined[-1] = Run(joined[-1].text + run.text, run.is_bold)
            else:
                joined.append(Run(run.text, run.is_bold))
        return tuple(joined)

    return tuple(
        Paragraph(tuple(map(line, block.lines)))
        if isinstance(block, Paragraph)
        else ItemList(
            tuple(Item(tuple(map(line, item.lines)), item.number) for item in block.items), block.is_numbered
        )
        for block in blocks
    )


def runs(blocks: tuple[Block, ...]) -> list[Run]:
    return [
        run
        for block in blocks
        for lines in ([block.lines] if isinstance(block, Paragraph) else [item.lines for item in block.items])
        for line in lines
        for run in line
    ]


def said(blocks: tuple[Block, ...], *kept: Kind) -> str:
    return "".join(run.text for run in runs(blocks) if isinstance(run, ChangedRun) and run.change in kept)


@given(MARKED_TEXT, MARKED_TEXT)
def test_each_side_is_the_text_as_it_is_formatted(one: str, other: str) -> None:
    mine, theirs = rich_sides(one, other)
    assert without_changes(mine) == without_changes(parse_rich_text(one))
    assert without_changes(theirs) == without_changes(parse_rich_text(other))


@given(MARKED_TEXT, MARKED_TEXT)
def test_the_whole_says_every_word_of_both_texts_in_their_order(before: str, after: str) -> None:
    found = rich_diff(before, after)
    assert said(found, Kind.SAME, Kind.REMOVED) == "".join(run.text for run in runs(parse_rich_text(before)))
    assert said(found, Kind.SAME, Kind.ADDED) == "".join(run.text for run in runs(parse_rich_text(after)))


@given(MARKED_TEXT, MARKED_TEXT)
def test_what_is_formatted_otherwise_shows(before: str, after: str) -> None:
    def shown(text: str) -> list[tuple[str, bool, str]]:
        return [
            (letter, run.is_bold, f"{block.kind} {number}")
            for block in parse_rich_text(text)
            for number, lines in (
                [(None, block.lines)]
                if isinstance(block, Paragraph)
                else [(item.number, item.lines) for item in block.items]
            )
            for line in lines
            for run in line
            for letter in run.text
        ]

    assert shows_a_change(rich_diff(before, after)) == (shown(before) != shown(after))


def test_a_word_changed_in_an_item_leaves_the_list_whole() -> None:
    (block,) = rich_diff("- trois places\n- un lieu", "- dix places\n- un lieu")
    assert isinstance(block, ItemList)
    first, second = (item.lines[0] for item in block.items)
    assert [(run.text, str(getattr(run, "change", ""))) for run in first] == [
        ("trois", "removed"),
        ("dix", "added"),
        (" places", "same"),
    ]
    assert [run.text for run in second] == ["un lieu"]


def test_a_paragraph_that_became_an_item_is_shown_as_both() -> None:
    paragraph, items = rich_diff("Un relais", "- Un relais")
    assert said((paragraph,), Kind.REMOVED) == said((items,), Kind.ADDED) == "Un relais"
    assert [paragraph.kind, items.kind] == ["paragraph", "bullets"]


def test_only_other_spaces_show_no_change() -> None:
    assert not shows_a_change(rich_diff("un\n\ndeux", "un\n\n\n  deux"))


def test_the_page_says_aloud_what_was_taken_away_and_added_and_shows_no_mark() -> None:
    html = render_to_string(
        "components/rich_diff.html", {"blocks": rich_diff("- **un** <b>", "- **deux** <b>")}
    )
    assert "**" not in html
    assert "<strong><del><span" in html.replace("\n", "")
    assert "retiré : </span>un</del></strong>" in html
    assert "ajouté : </span>deux</ins></strong>" in html
    assert "&lt;b&gt;" in html


def test_two_long_texts_are_compared_in_a_moment() -> None:
    one = "\n".join(f"- **point {rank}** et la suite" for rank in range(2_000))
    other = one.replace("point 7", "item 7")
    begun = time.process_time()
    mine, theirs = rich_sides(one, other)
    assert time.process_time() - begun < 10
    assert shows_a_change(mine)
    assert shows_a_change(theirs)
    assert said(rich_diff("a " * 20_000, "b " * 20_000), Kind.ADDED).count("b") == 20_000
