"""The table of typed numbers, read by the server's rules; the browser tests read it by the page's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.typed_numbers import cases, read_by_the_server


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case['kind']} {case['typed'][:30]!a}")
def test_a_typed_number_is_read_or_refused_as_the_table_says(case: dict[str, Any]) -> None:
    read = read_by_the_server(case["kind"], case["typed"], case.get("sign", ""))

    if case["kind"] == "unavailable":
        assert read["unavailable"]
    elif "problem" in case:
        assert case["problem"] in read["problem"]
        assert read["value"] is None
    else:
        assert read == {"value": case["value"], "problem": ""}
