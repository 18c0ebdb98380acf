"""Words of a search as people type them, and the pieces of a text that answer to them.

Pure. PostgreSQL finds rows by the French stems of the words; this module reads the words, finds the same rows
plainly where there is no PostgreSQL, and shows where in a text they stand.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST_QUERY = 200
MOST_TERMS = 12
EXCERPT_BEFORE = 70
EXCERPT_LENGTH = 260
SHORTEST_STEM = 4

_TERM = re.compile(r'"([^"]*)"|([\w’\'-]+)')
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Term:
    """One word, or the words of a phrase between quotation marks, without accents or case."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """A piece of an excerpt; `is_found` where it answers to the search."""

    text: str
    is_found: bool


def plain(text: str) -> str:
    """`text` without accents and case, letter for letter: positions stay those of `text`.

    >>> plain("Éducation à l’École")
    'education a l’ecole'
    """
    return "".join(_plain_letter(letter) for letter in text)


def _plain_letter(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0].casefold()
    # A letter stays one letter, or positions would move (« ß » gives « ss »).
    return base if len(base) == 1 else letter


def read_terms(query: str) -> tuple[Term, ...]:
    """The words and quoted phrases of a search: letters and figures only, a dozen at most.

    >>> read_terms('TISF "relais parental"')
    (Term(words=('tisf',)), Term(words=('relais', 'parental')))
    """
    typed = query[:LONGEST_QUERY].replace("«", '"').replace("»", '"').replace("“", '"').replace("”", '"')
    terms = []
    for phrase, word in _TERM.findall(typed):
        words = tuple(_WORD.findall(plain(phrase or word)))
        if phrase:
            terms.append(Term(words))
        else:
            terms.extend(Term((each,)) for each in words if len(each) > 1 or each.isdigit())
    return tuple(term for term in terms if term.words)[:MOST_TERMS]


def postgres_query(terms: tuple[Term, ...]) -> str:
    """`terms` as the text of a tsquery: all of them, a phrase in its order, the end of a word left open.

    >>> postgres_query(read_terms('relais "trois places"'))
    "'relais':* & ('trois' <-> 'places')"
    """
    return " & ".join(
        f"'{term.words[0]}':*"
        if len(term.words) == 1
        else "(" + " <-> ".join(f"'{word}'" for word in term.words) + ")"
        for term in terms
    )


def answers(text: str, terms: tuple[Term, ...]) -> bool:
    """Whether every one of `terms` stands in `text`: the plain search, by beginnings of words."""
    words = _WORD.findall(plain(text))
    return bool(terms) and all(_stands(term, words) for term in terms)


def _stands(term: Term, words: list[str]) -> bool:
    if len(term.words) == 1:
        stem = _stem(term.words[0])
        return any(word.startswith(stem) for word in words)
    size = len(term.words)
    return any(tuple(words[i : i + size]) == term.words for i in range(len(words) - size + 1))


def _stem(word: str) -> str:
    """The beginning that a word shares with its plural and its nearest forms.

    >>> _stem("parentales"), _stem("tisf"), _stem("places")
    ('parental', 'tisf', 'plac')
    """
    for ending in ("es", "s", "e", "x"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def count_found(text: str, terms: tuple[Term, ...]) -> int:
    """How many of `terms` stand in `text`, by beginnings of words: which field of a row to show."""
    words = _WORD.findall(plain(text))
    return sum(_stands(term, words) for term in terms)


def excerpt(text: str, terms: tuple[Term, ...]) -> tuple[Piece, ...]:
    """Some words around the first that answers, each that answers marked; the beginning when none does."""
    stems = [_stem(word) for term in terms for word in term.words]
    spans = [
        match.span()
        for match in _WORD.finditer(plain(text))
        if any(match.group().startswith(stem) for stem in stems)
    ]
    start = max(0, spans[0][0] - EXCERPT_BEFORE) if spans else 0
    if start:
        # Not in the middle of a word.
        start = text.find(" ", start, spans[0][0]) + 1 or start
    end = min(len(text), start + EXCERPT_LENGTH)
    pieces = [Piece("…", is_found=False)] if start else []
    position = start
    for first, last in spans:
        if first < position or last > end:
            continue
        pieces += [Piece(text[position:first], is_found=False), Piece(text[first:last], is_found=True)]
        position = last
    pieces.append(Piece(text[position:end] + ("…" if end < len(text) else ""), is_found=False))
    return tuple(piece for piece in pieces if piece.text)
