"""The page reads typed numbers as the server does, to the word: a table of cases, then random texts."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.templatetags.static import static
from playwright.sync_api import Page

from tests.typed_numbers import cases, read_by_the_server

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READ = """(text) => JSON.stringify(JSON.parse(text).map(({kind, typed, sign}) =>
    kind === "unavailable" ? {unavailable: cdppeNumbers.isUnavailable(typed)}
    : kind === "figure" ? cdppeNumbers.readFigure(typed, sign) : cdppeNumbers.readAmount(typed)))"""
ALPHABET = [
    *"0123456789 ,.-+%€=@ndNDe/x",
    *"\u00a0\u202f\u2009\u2212\u2013\t\n\x00\x1c\x85\u200f\u3000\ufeff",
]
SEED = 5_2


@pytest.fixture
def numbers(page_1280: Page) -> Page:
    page_1280.goto("/connexion/")
    page_1280.add_script_tag(url=static("cdppe/typed_numbers.js"))
    return page_1280


def _read_by_the_page(page: Page, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # Halves of characters travel escaped.
    found: list[dict[str, Any]] = json.loads(page.evaluate(READ, json.dumps(asked)))
    return found


def test_the_page_reads_the_table_as_the_server_does(numbers: Page) -> None:
    asked = [{"kind": each["kind"], "typed": each["typed"], "sign": each.get("sign", "")} for each in cases()]

    for each, read in zip(asked, _read_by_the_page(numbers, asked), strict=True):
        assert read == read_by_the_server(**each), ascii(each["typed"])


def test_the_page_and_the_server_agree_on_texts_that_nobody_thought_of(numbers: Page) -> None:
    chance = random.Random(SEED)
    asked = [
        {
            "kind": chance.choice(["figure", "amount", "unavailable"]),
            "typed": "".join(chance.choices(ALPHABET, k=chance.randrange(0, 14))),
            "sign": chance.choice(["", "%", "€"]),
        }
        for _ in range(4000)
    ]

    answers = _read_by_the_page(numbers, asked)

    expected = [read_by_the_server(**each) for each in asked]
    assert [(a, x, y) for a, x, y in zip(asked, answers, expected, strict=True) if x != y] == []
    assert sum(bool(each.get("value")) for each in expected) > 100
