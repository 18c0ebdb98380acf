"""What people type or paste into a text field: made regular where nothing is lost, else refused.

Pure module. Line ends become one character, the separators of word processors become line ends, accents
typed as two characters become one. A character that nobody can see and that would change how the text is
read, printed or compared (control characters, marks of direction, halves of a character) is refused with a
sentence that says where it stands: removing it unseen would change somebody's text.
"""

from __future__ import annotations

import unicodedata

LINE_BREAKS = {
    "\r\n": "\n",
    "\r": "\n",
    "\x0b": "\n",
    "\x0c": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n\n",
}
"""Word processors write line and page breaks so; a person who pastes them means a new line."""

ALLOWED_CONTROLS = frozenset("\n\t")
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
REPLACEMENT = "\ufffd"
"""What a browser or a server puts in the place of half a character."""

CONTEXT = 20


class UnreadableText(ValueError):
    """The text holds a character that cannot be kept; the message is a French sentence."""


def read_text(text: str) -> str:
    r"""`text` with regular line ends and composed accents; raises `UnreadableText` for what cannot be kept.

    >>> read_text("un\r\ndeux")
    'un\ndeux'
    """
    for found, line_end in LINE_BREAKS.items():
        text = text.replace(found, line_end)
    for position, character in enumerate(text):
        name = _unreadable(character)
        if name:
            raise UnreadableText(_sentence(text, position, name))
    return unicodedata.normalize("NFC", text)


def same_text(one: object, other: object) -> bool:
    """Whether two values are equal, line ends and composed accents apart when both are texts."""
    if isinstance(one, str) and isinstance(other, str):
        return _regular(one) == _regular(other)
    return one == other


def _regular(text: str) -> str:
    for found, line_end in LINE_BREAKS.items():
        text = text.replace(found, line_end)
    return unicodedata.normalize("NFC", text)


def _unreadable(character: str) -> str:
    """What is wrong with `character`, in French; empty when nothing is."""
    code = ord(character)
    if character in ALLOWED_CONTROLS:
        return ""
    if character in DIRECTION_MARKS:
        return "une marque invisible qui change le sens de lecture"
    if character == REPLACEMENT or 0xD800 <= code <= 0xDFFF:
        return "un caractère illisible, reste d’une copie incomplète"
    if unicodedata.category(character) == "Cc":
        return "un caractère de contrôle invisible"
    if 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
        return "un caractère invisible qui n’est d’aucune écriture"
    return ""


def _sentence(text: str, position: int, name: str) -> str:
    before = text[max(0, position - CONTEXT) : position]
    before = "".join(character if character.isprintable() else " " for character in before)
    before = " ".join(before.split())
    place = f"après « {before} »" if before else "au début"
    return f"Le texte contient {name} {place} : effacez-le ou retapez ces mots, puis continuez."
