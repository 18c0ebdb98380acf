"""Which pages of a version a scan holds, from the QR codes read on its pages.

A page's code is the address of its version followed by `#page/total` (`cdppe.documents.seal.Seal.page_code`).
Paper comes back shuffled, with a page forgotten or scanned twice, or with a page of another version slipped
in: each is told by its place in the scan. A page whose code cannot be read is not an error: somebody looks at
it and says which page it is (`confirmed`).

A scan proves which pages are there, never who signed: no result here says "valid".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_CODE = re.compile(
    r"https?://[^\s#?]+/(?P<uid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/[^\s#?]*)?"
    r"#(?P<page>[1-9][0-9]{0,3})/(?P<total>[1-9][0-9]{0,3})"
)


@dataclass(frozen=True)
class PageCode:
    """What a page's code says: the version's identifier (a UUID, lower case), the page from 1, the total."""

    uid: str
    page: int
    total: int


def parse_page_code(text: str) -> PageCode | None:
    """The page that `text` names, or None when it is no code of ours.

    >>> parse_page_code("https://cdppe.example.org/v/123e4567-e89b-12d3-a456-426614174000#2/61")
    PageCode(uid='123e4567-e89b-12d3-a456-426614174000', page=2, total=61)
    >>> parse_page_code("https://example.org/menu") is None
    True
    """
    found = _CODE.fullmatch(text.strip())
    if found is None:
        return None
    code = PageCode(found["uid"], int(found["page"]), int(found["total"]))
    return code if code.page <= code.total else None


@dataclass(frozen=True)
class PageMatch:
    """What the pages of a scan are. Positions are places in the scan, from 1; pages are the version's.

    `total` pages of the version; `found` {position: page}, read or confirmed; `missing` pages; `doubled`
    {page: its positions}; `foreign` positions of pages of something else; `unreadable` positions to be
    confirmed by hand; `sentences` say all of it in French, the first one the result.
    """

    total: int
    found: Mapping[int, int]
    missing: tuple[int, ...]
    doubled: Mapping[int, tuple[int, ...]]
    foreign: tuple[int, ...]
    unreadable: tuple[int, ...]
    sentences: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every page is there once, and nothing else."""
        return not (self.missing or self.doubled or self.foreign or self.unreadable)

    @property
    def found_count(self) -> int:
        """How many pages of the version are there, once or more."""
        return self.total - len(self.missing)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for a column of the database."""
        content = asdict(self)
        content["found"] = {str(position): page for position, page in self.found.items()}
        content["doubled"] = {str(page): list(positions) for page, positions in self.doubled.items()}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in content.items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> PageMatch:
        """What `to_json` gave."""
        return cls(
            total=content["total"],
            found={int(position): page for position, page in content["found"].items()},
            missing=tuple(content["missing"]),
            doubled={int(page): tuple(positions) for page, positions in content["doubled"].items()},
            foreign=tuple(content["foreign"]),
            unreadable=tuple(content["unreadable"]),
            sentences=tuple(content["sentences"]),
        )


def match_pages(
    codes: Sequence[Iterable[str]], *, uid: str, total: int, confirmed: Mapping[int, int] | None = None
) -> PageMatch:
    """Match the pages of a scan, given by the texts of their codes, with version `uid` of `total` pages.

    `confirmed` is what somebody said of positions without a readable code: {position: page}. Raises
    ValueError when it names a page or a position that does not exist, or one whose code was read. Codes that
    are not ours (a letterhead's, a parcel's) are ignored; a page with a code of this version and one of
    another is foreign, since it cannot be both.
    """
    confirmed = dict(confirmed or {})
    found: dict[int, int] = {}
    foreign: list[int] = []
    unreadable: list[int] = []
    for position, texts in enumerate(codes, start=1):
        named = {code for text in texts if (code := parse_page_code(text)) is not None}
        if not named:
            if position in confirmed:
                found[position] = confirmed.pop(position)
            else:
                unreadable.append(position)
            continue
        ours = [each for each in named if each.uid == uid.lower() and each.total == total]
        if len(named) == 1 and ours:
            found[position] = ours[0].page
        else:
            foreign.append(position)
    if confirmed or any(not 1 <= page <= total for page in found.values()):
        raise ValueError("a confirmed page or position does not exist, or its code was read")
    times = Counter(found.values())
    doubled = {
        page: tuple(position for position, held in found.items() if held == page)
        for page, count in sorted(times.items())
        if count > 1
    }
    missing = tuple(page for page in range(1, total + 1) if page not in times)
    return PageMatch(
        total=total,
        found=found,
        missing=missing,
        doubled=doubled,
        foreign=tuple(foreign),
        unreadable=tuple(unreadable),
        sentences=tuple(_sentences(total, missing, doubled, foreign, unreadable)),
    )


def _sentences(
    total: int,
    missing: Sequence[int],
    doubled: Mapping[int, Sequence[int]],
    foreign: Sequence[int],
    unreadable: Sequence[int],
) -> Iterable[str]:
    if not (missing or doubled or foreign or unreadable):
        yield f"Le document numérisé contient les {total} pages de la version, chacune une fois."
        return
    yield "Le document numérisé ne correspond pas encore, page pour page, à la version."
    if missing:
        one = len(missing) == 1
        yield f"{'Page manquante' if one else 'Pages manquantes'} : {listed(missing)} sur {total}."
    for page, positions in doubled.items():
        yield f"Page {page} présente {len(positions)} fois : feuilles {listed(positions)} du document déposé."
    if foreign:
        one = len(foreign) == 1
        what = "feuille porte" if one else "feuilles portent"
        yield (
            f"{len(foreign)} {what} le code d’une autre version ou d’un autre document : "
            f"{'feuille' if one else 'feuilles'} {listed(foreign)} du document déposé."
        )
    if unreadable:
        one = len(unreadable) == 1
        yield (
            f"Code illisible : {'feuille' if one else 'feuilles'} {listed(unreadable)} du document déposé. "
            f"Regardez-{'la' if one else 'les'} et indiquez de quelle page il s’agit."
        )


def listed(numbers: Sequence[int]) -> str:
    """Numbers as people write them: neighbours joined, « et » before the last.

    >>> listed([3]), listed([3, 4]), listed([1, 4, 5, 6, 9])
    ('3', '3 et 4', '1, 4 à 6 et 9')
    """
    spans: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    words: list[str] = []
    for first, last in spans:
        if last - first >= 2:
            words.append(f"{first} à {last}")
        else:
            words.extend(str(number) for number in range(first, last + 1))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} et {words[-1]}"
