"""Text that people type: what is invisible in it and would disturb the page or the database goes.

Control characters (but line breaks and tabs), lone surrogates and non-characters, which PostgreSQL or UTF-8
refuse; the marks that turn the direction of what follows, with which a text could read other than it is.
Everything visible stays as it was typed.
"""

from __future__ import annotations

import re
import unicodedata

_KEPT = frozenset("\n\t")
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def cleaned(text: str) -> str:
    """`text` without what is invisible and harmful, its line breaks as \\n, no blanks around it.

    >>> cleaned(" Bon\\x00jour\\r\\n\\u202emonde ")
    'Bonjour\\nmonde'
    """
    lines = re.sub(r"\r\n?", "\n", text)
    return "".join(character for character in lines if _stays(character)).strip()


def _stays(character: str) -> bool:
    if character in _KEPT:
        return True
    if character in _DIRECTION_MARKS or (ord(character) & 0xFFFE) == 0xFFFE:
        return False
    return unicodedata.category(character) not in ("Cc", "Cs")
