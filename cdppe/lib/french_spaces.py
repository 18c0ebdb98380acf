"""The spaces of French typography, which keep a mark on the line of its word."""

from __future__ import annotations

import re

from cdppe.lib.french_numbers import NO_BREAK_SPACE

_BEFORE_A_MARK = re.compile(r"(?<=\S) (?=[:;?!»%€](?:\W|$))")
_AFTER_AN_OPENING = re.compile(r"« (?=\S)")


def with_french_spaces(text: str) -> str:
    """`text` with the spaces inside « » and before : ; ? ! % € unbreakable; nothing else changes.

    For sentences that the program writes and shows: what people typed is stored, and hashed, as it is.
    """
    spaced = _BEFORE_A_MARK.sub(NO_BREAK_SPACE, text)
    return _AFTER_AN_OPENING.sub(f"«{NO_BREAK_SPACE}", spaced)
