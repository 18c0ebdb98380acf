"""The journal's chain: what an entry's hash covers, and how a break is found.

Each entry carries the hash of the one before and its own: SHA-256 over a canonical JSON of all its fields,
the previous hash and its number included. Who edits an entry must rewrite every later one; who does that, or
cuts the end off, is found by the heads (number and hash of the last entry) that are written every day outside
the database.

The canonical form is for ever: entries that exist were hashed with it. A new field comes with a new version
number `v`, which entries of before do not have.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

VERSION = 1
GENESIS = "0" * 64
"""What the first entry follows."""


@dataclass(frozen=True)
class Link:
    """An entry as the chain sees it; `contract` and `by` are primary keys, `at` is aware."""

    sequence: int
    at: dt.datetime
    contract: int | None
    by: int | None
    actor: str
    institution: str
    origin: str
    code: str
    sentence: str
    place: str
    previous_hash: str
    hash: str = ""


@dataclass(frozen=True)
class Head:
    """The last entry at some moment, as it was written outside the database."""

    sequence: int
    hash: str
    at: str


class BreakKind(StrEnum):
    """What can be wrong with a journal."""

    EDITED = "edited"
    MISSING = "missing"
    DOUBLED = "doubled"
    UNLINKED = "unlinked"
    CUT = "cut"
    REWRITTEN = "rewritten"
    HEADS = "heads"
    PROTECTION = "protection"


@dataclass(frozen=True)
class Break:
    """One thing that is wrong: at which entry, and the French sentence that says it."""

    kind: BreakKind
    sequence: int | None
    sentence: str


@dataclass
class Verdict:
    """What a reading of the whole journal found; whole when there is no break."""

    count: int = 0
    last: Head | None = None
    heads: int = 0
    breaks: list[Break] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.breaks


def canonical(link: Link) -> bytes:
    """What is hashed: JSON of every field but the hash, keys in order, no spaces, the moment in UTC."""
    content = {
        "v": VERSION,
        "sequence": link.sequence,
        "at": link.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "contract": link.contract,
        "by": link.by,
        "actor": link.actor,
        "institution": link.institution,
        "origin": link.origin,
        "code": link.code,
        "sentence": link.sentence,
        "place": link.place,
        "previous_hash": link.previous_hash,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(link: Link) -> str:
    """SHA-256, in hexadecimal, of the canonical form."""
    return hashlib.sha256(canonical(link)).hexdigest()


def check(links: Iterable[Link], heads: Sequence[Head]) -> Verdict:
    """Read `links` in the order of their numbers and compare them with the `heads` written outside.

    The heads must have been read before the entries: an entry that comes in between harms nothing.
    """
    verdict = Verdict(heads=len(heads))
    wanted = {head.sequence for head in heads}
    met: dict[int, str] = {}
    expected, previous_hash = 1, GENESIS
    for link in links:
        verdict.count += 1
        if link.sequence < expected:
            verdict.breaks.append(_doubled(link))
        elif link.sequence > expected:
            verdict.breaks.append(_missing(expected, link.sequence - 1))
        elif link.previous_hash != previous_hash:
            verdict.breaks.append(_unlinked(link))
        if fingerprint(link) != link.hash:
            verdict.breaks.append(_edited(link))
        if link.sequence in wanted:
            met[link.sequence] = link.hash
        verdict.last = Head(link.sequence, link.hash, link.at.isoformat())
        expected, previous_hash = link.sequence + 1, link.hash
    verdict.breaks += _broken_heads(heads, met, last=expected - 1)
    return verdict


def _broken_heads(heads: Sequence[Head], met: dict[int, str], *, last: int) -> list[Break]:
    breaks = []
    beyond = [head for head in heads if head.sequence > last]
    if beyond:
        furthest = max(beyond, key=lambda head: head.sequence)
        breaks.append(
            Break(
                BreakKind.CUT,
                last + 1,
                f"La fin du journal est coupée : la tête écrite hors de la base le {_day(furthest)} porte le "
                f"n° {furthest.sequence}, et la base s’arrête au n° {last}.",
            )
        )
    rewritten = [head for head in heads if head.sequence in met and met[head.sequence] != head.hash]
    if rewritten:
        first = min(rewritten, key=lambda head: head.sequence)
        breaks.append(
            Break(
                BreakKind.REWRITTEN,
                first.sequence,
                f"L’entrée n° {first.sequence} n’est plus celle dont la tête a été écrite hors de la base le "
                f"{_day(first)} : le journal a été réécrit jusqu’à elle.",
            )
        )
    return breaks


def _day(head: Head) -> str:
    try:
        return f"{dt.datetime.fromisoformat(head.at):%d/%m/%Y}"
    except ValueError:
        return head.at


def _edited(link: Link) -> Break:
    sentence = f"L’entrée n° {link.sequence} a été modifiée : elle ne correspond plus à son empreinte."
    return Break(BreakKind.EDITED, link.sequence, sentence)


def _unlinked(link: Link) -> Break:
    if link.sequence == 1:
        sentence = "L’entrée n° 1 ne commence pas le journal : elle dit en suivre une autre."
    else:
        sentence = (
            f"L’entrée n° {link.sequence} ne fait pas suite à l’entrée n° {link.sequence - 1} : "
            "l’une des deux a été remplacée."
        )
    return Break(BreakKind.UNLINKED, link.sequence, sentence)


def _doubled(link: Link) -> Break:
    return Break(BreakKind.DOUBLED, link.sequence, f"Le n° {link.sequence} est porté par deux entrées.")


def _missing(first: int, last: int) -> Break:
    if first == last:
        sentence = f"L’entrée n° {first} manque : elle a été supprimée."
    else:
        sentence = f"Les entrées n° {first} à {last} manquent : elles ont été supprimées."
    return Break(BreakKind.MISSING, first, sentence)
