"""Who is mentioned in a message: « @Prénom Nom » or « @adresse@domaine.fr » (pure).

What we chose: an « @ » that follows a letter belongs to an address and mentions nobody; one that begins a
word mentions somebody, or is refused in a sentence, so that nobody believes to have warned a person who is
not. Accents and case do not count. The longest name wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_START = re.compile(r"(?<![\w.@+-])@(?=[^\W\d_])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WORDS = re.compile(r"[\w’'.-]+(?: [\w’'-]+)?")


@dataclass(frozen=True)
class Addressee:
    """Somebody who can be mentioned."""

    person_id: int
    name: str
    email: str


@dataclass(frozen=True)
class Found:
    """`people` in the order of their first mention; what names nobody, and what names several people."""

    people: tuple[int, ...]
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]


def find_mentions(text: str, addressees: Iterable[Addressee]) -> Found:
    """The people among `addressees` that `text` mentions.

    >>> camille = Addressee(1, "Camille Roux", "camille@exemple.fr")
    >>> find_mentions("Bonjour @camille roux, et @Jean Petit ?", [camille])
    Found(people=(1,), unknown=('Jean Petit',), ambiguous=())
    >>> find_mentions("Écrire à contact@exemple.fr", [camille])
    Found(people=(), unknown=(), ambiguous=())
    """
    by_email: dict[str, int] = {}
    by_name: dict[str, set[int]] = {}
    for each in addressees:
        by_email[each.email.casefold()] = each.person_id
        by_name.setdefault(_plain(each.name), set()).add(each.person_id)
    names = sorted(by_name, key=len, reverse=True)
    shown = unicodedata.normalize("NFC", text)
    folded = _plain(shown)
    people: dict[int, None] = {}
    unknown: dict[str, None] = {}
    ambiguous: dict[str, None] = {}
    for start in (match.end() for match in _START.finditer(shown)):
        address = _EMAIL.match(shown, start)
        name = next((each for each in names if _stands_at(folded, start, each)), None)
        if address is not None and address[0].casefold() in by_email:
            people[by_email[address[0].casefold()]] = None
        elif name is None:
            words = address or _WORDS.match(shown, start)
            unknown[words[0] if words else shown[start : start + 30]] = None
        elif len(by_name[name]) > 1:
            ambiguous[shown[start : start + len(name)]] = None
        else:
            people[next(iter(by_name[name]))] = None
    return Found(tuple(people), tuple(unknown), tuple(ambiguous))


def _stands_at(text: str, start: int, name: str) -> bool:
    after = text[start + len(name) : start + len(name) + 1]
    return bool(name) and text.startswith(name, start) and not (after.isalnum() or after == "_")


def _plain(text: str) -> str:
    """`text` (composed) without accents nor case, character by character: its length does not change."""
    return "".join(_plain_character(each) for each in unicodedata.normalize("NFC", text))


def _plain_character(character: str) -> str:
    if character.isspace():
        return " "
    if character in "’‘":
        return "'"
    base = unicodedata.normalize("NFD", character)[:1].lower()
    return base if len(base) == 1 else character
