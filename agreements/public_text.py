"""The text of a public document, line by line, for whoever reads it before putting it online (K6, N2).

Pure: the HTML that `agreements.public_version.public_html` gives in, what a reader of the PDF reads out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from agreements.public_version import ACCOUNT, CONTACT, NAME

REMOVED = {
    NAME: "nom retiré",
    ACCOUNT: "numéro de compte retiré",
    CONTACT: "adresse électronique ou téléphone retiré",
    "ne figure pas dans la version publique": "partie entière retirée",
}
"""{what stands in the place of something that was removed: what it was}."""

_TITLES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_UNSHOWN = frozenset({"head", "style", "script", "title"})
_INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "s", "span", "strong", "sub", "sup", "u"})
_CELLS = frozenset({"td", "th"})


@dataclass(frozen=True)
class PublicLine:
    """A title, or a line of text: a paragraph, an item of a list, a row of a table."""

    text: str
    is_title: bool


def public_lines(html: str) -> tuple[PublicLine, ...]:
    """Every line of the document `html`, in its order, without its table of contents.

    >>> public_lines("<h2>Article 1</h2><p>Un <b>mot</b>.</p><tr><td>P304</td><td>10 €</td></tr>")[2].text
    'P304 · 10 €'
    """
    reader = _Lines()
    reader.feed(html)
    reader.close()
    reader.end_line()
    return tuple(reader.lines)


def removed_counts(lines: Sequence[PublicLine]) -> tuple[tuple[str, int], ...]:
    """How many things of each kind were removed: (what, how many), in the order of `REMOVED`."""
    found: Counter[str] = Counter()
    for line in lines:
        for mark, words in REMOVED.items():
            found[words] += line.text.count(mark)
    return tuple((words, found[words]) for words in REMOVED.values() if found[words])


class _Lines(HTMLParser):
    """Cuts a document into lines at each element that starts one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[PublicLine] = []
        self._words: list[str] = []
        self._is_title = False
        self._unshown: list[str] = []
        self._row_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if self._unshown or tag in _UNSHOWN or (tag == "section" and "contents" in classes):
            if tag not in {"meta", "link", "br", "img", "col", "hr", "input"}:
                self._unshown.append(tag)
            return
        if tag in _INLINE:
            return
        if tag in _CELLS and self._row_depth:
            self._words.append(" · " if "".join(self._words).strip() else "")
            return
        if self._row_depth and tag != "tr":
            self._words.append(" ")
            return
        self.end_line()
        self._row_depth += tag == "tr"
        self._is_title = tag in _TITLES

    def handle_endtag(self, tag: str) -> None:
        if self._unshown:
            if self._unshown[-1] == tag:
                self._unshown.pop()
            return
        if tag == "tr":
            self._row_depth = max(self._row_depth - 1, 0)
        if tag in _INLINE or tag in _CELLS or self._row_depth:
            return
        self.end_line()

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self._words.append(data)

    def end_line(self) -> None:
        text = " ".join("".join(self._words).split())
        if text:
            self.lines.append(PublicLine(text, self._is_title))
        self._words, self._is_title = [], False
