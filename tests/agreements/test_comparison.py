"""Two versions side by side (rule K4): what was added, taken away, written otherwise."""

from __future__ import annotations

from agreements.comparison import Change, compare
from agreements.content import Entry
from agreements.reading import ACCOUNT, DOCUMENT, changes, masked


def entry(item: int, field: str, value: str, *, part: str = "sheets", label: str = "Fiche") -> Entry:
    return Entry(part, item, field, label, field, value)


def test_the_same_contents_differ_in_nothing() -> None:
    same = [entry(1, "title", "Accueillir"), entry(2, "title", "Former")]
    assert compare(same, list(reversed(same))) == ()


def test_a_field_written_otherwise_shows_both_texts() -> None:
    (found,) = compare([entry(1, "title", "Trois places")], [entry(1, "title", "Dix places")])
    assert found.change == Change.CHANGED
    (field,) = found.fields
    assert (field.before, field.after) == ("Trois places", "Dix places")
    assert [segment.text for segment in field.segments if segment.kind == "added"] == ["Dix"]


def test_an_object_that_comes_or_goes_is_said_so_with_all_its_fields() -> None:
    before = [entry(1, "title", "Accueillir"), entry(1, "public", "Enfants")]
    after = [entry(2, "title", "Former")]
    found = {each.item: each for each in compare(before, after)}
    assert found[1].change == Change.REMOVED
    assert [field.before for field in found[1].fields] == ["Enfants", "Accueillir"]
    assert found[2].change == Change.ADDED
    assert found[2].fields[0].before is None


def test_a_field_that_was_emptied_is_a_change_of_its_object() -> None:
    before = [entry(1, "title", "Accueillir"), entry(1, "public", "Enfants")]
    (found,) = compare(before, before[:1])
    assert found.change == Change.CHANGED
    assert [(field.label, field.after) for field in found.fields] == [("public", None)]


def test_an_object_bears_its_latest_name() -> None:
    before = [entry(1, "title", "A", label="Fiche 1 : A")]
    (found,) = compare(before, [entry(1, "title", "B", label="Fiche 1 : B")])
    assert found.label == "Fiche 1 : B"


def test_parts_come_in_the_order_that_is_asked() -> None:
    after = [entry(1, "a", "x", part=part) for part in ("dashboard", "objectives", "sheets")]
    found = compare([], after, parts=["objectives", "sheets"])
    assert [each.part for each in found] == ["objectives", "sheets", "dashboard"]


ACCOUNT_TEXT = "Dénomination sociale : Département\nIBAN : FR76 3000 1007 9412 3456 7890 185\nClé RIB : 85"


def test_an_account_shows_no_more_than_its_last_characters() -> None:
    shown = masked(entry(4, ACCOUNT, ACCOUNT_TEXT, part=DOCUMENT)).value
    assert shown == "Dénomination sociale : Département\nIBAN : •••• 85\nClé RIB : ••"


def test_two_accounts_that_end_alike_are_still_told_apart() -> None:
    other = ACCOUNT_TEXT.replace("1007", "2008")
    (found,) = changes(
        [entry(4, ACCOUNT, ACCOUNT_TEXT, part=DOCUMENT)], [entry(4, ACCOUNT, other, part=DOCUMENT)]
    )
    (field,) = found.fields
    assert field.after is not None
    assert field.after.endswith("(modifié)")
    assert "1007" not in (field.before or "")
    assert "2008" not in field.after
