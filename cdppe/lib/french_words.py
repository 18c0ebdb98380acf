"""Words put together as French puts them."""

from __future__ import annotations

from collections.abc import Sequence


def joined(words: Sequence[str]) -> str:
    """An enumeration of at least one word.

    >>> joined(["le préfet"])
    'le préfet'
    >>> joined(["le préfet", "l’ARS", "le département"])
    'le préfet, l’ARS et le département'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} et {words[-1]}"
