"""Words put together as French puts them."""

from __future__ import annotations

from collections.abc import Sequence


def of(name: str) -> str:
    """« de » before a name that has its article.

    >>> of("le préfet"), of("l’ARS"), of("les familles")
    ('du préfet', 'de l’ARS', 'des familles')
    """
    article, _, word = name.partition(" ")
    contracted = {"le": "du", "les": "des"}.get(article.lower())
    return f"{contracted} {word}" if contracted else f"de {name}"


def joined(words: Sequence[str]) -> str:
    """An enumeration of at least one word.

    >>> joined(["le préfet"])
    'le préfet'
    >>> joined(["le préfet", "l’ARS", "le département"])
    'le préfet, l’ARS et le département'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} et {words[-1]}"
