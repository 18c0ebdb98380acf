"""What of a version's document everybody may read: no bank details, signatures or people's names (K6, N2).

Pure: HTML in, HTML out. The circular has the signed contract put online (K6) and says nothing of personal
data: what goes is our choice, docs/decisions/public-version.md.

- Elements that the templates mark `data-private="…"` go whole, replaced by a sentence or a word in brackets:
  the account, the signature blocks, the names of the parties' representatives (their functions stay).
- In every text left, whatever its layout (spaces, dots, dashes, bold letters, several lines or paragraphs):
  French IBAN by their form, other IBAN by their key, RIB by their form or their key, French BIC, the numbers
  of the account that was removed, e-mail addresses, French telephone numbers, the names that the caller knows
  and those that were marked, and, outside the model's own articles, any name after « M. », « Mme », « Dr »…
- A table's cells and titles are never read together: two amounts side by side are no account number.

A name that nobody knows and that no title announces stays: whoever publishes reads the version first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

NOTICE = (
    '<p class="notice"><strong>Version publique.</strong> Les coordonnées bancaires, les signatures et les '
    "noms des personnes en ont été retirés.</p>"
)
ACCOUNT, NAME, CONTACT = "[compte retiré]", "[nom retiré]", "[coordonnées retirées]"

_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "s", "span", "strong", "sub", "sup", "u"})
_SOFT = frozenset({"br", "div", "li", "ol", "p", "ul"})
_WALL = "\x00"
_KEPT_ATTRIBUTES = frozenset(
    {"class", "id", "colspan", "rowspan", "scope", "lang", "charset", "value", "start"}
)

# Between two characters of one number: what people type there, and the ends of lines and paragraphs. One
# class of characters, none of which a number has: reading a text takes a time in proportion to its length.
_GAP = r"[\s.\-–—‑_/·:,;*|\u00ad\u200b]{0,80}"
_NARROW = r"[\s.\-–—‑_/·\u00ad\u200b]{0,80}"


def _characters(count: int, kind: str, gap: str = _GAP) -> str:
    """A pattern for `count` characters of one kind, with gaps between and after them."""
    return rf"(?:{kind}{gap}){{{count - 1}}}{kind}"


_FRENCH_IBAN = re.compile(
    rf"(?<![a-z0-9])f{_GAP}r{_GAP}{_characters(12, '[0-9]')}{_GAP}{_characters(11, '[a-z0-9]')}{_GAP}"
    rf"{_characters(2, '[0-9]')}(?![0-9])",
    re.IGNORECASE,
)
_ANY_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])[A-Z]{{2}}{_NARROW}[0-9]{_NARROW}[0-9](?:{_NARROW}[A-Z0-9]){{11,30}}"
)
_RIB = re.compile(
    rf"(?<![A-Za-z0-9])(?=({_characters(10, '[0-9]', _NARROW)}{_NARROW}"
    rf"{_characters(11, '[0-9A-Za-z]', _NARROW)}{_NARROW}{_characters(2, '[0-9]', _NARROW)})(?![A-Za-z0-9]))"
)
# The fourth letter is no F: « CHIFFREMENT » is not a bank.
_FRENCH_BIC = re.compile(r"(?<![A-Za-z0-9])[A-Z]{3}[A-EG-Z]FR[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![A-Za-z0-9])")
_LABELLED = re.compile(
    r"\b(?:iban|bic|swift|rib|compte|guichet|banque|établissement)\b"
    r"[\s:=,\-]{0,20}(?:(?:bancaire|n°|no|numéro|est|le)[\s:=,\-]{0,20}){0,4}"
    rf"([a-z]{{0,4}}[0-9](?:{_NARROW}[0-9]){{4,}})",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@\x00<>()\[\],;:«»\"]{1,80}@(?:[\w\-]{1,63}\.){1,8}[A-Za-z]{2,63}")
_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+|00)\s?[0-9]{2,3}[^\S\x00.\-]?(?:\(0\))?[\s.\-]?[1-9]|0[\s.\-]?[1-9])"
    r"(?:\s?[.\-/]?\s?[0-9]{2}){4}(?![0-9])"
)
_TITLED_NAME = re.compile(
    r"\b(?:M\.|MM\.|Mr\.?|Mmes?|Mlles?|Dr\.?|Pr\.?|Monsieur|Madame|Mademoiselle|Docteur|Professeur)\s+"
    r"((?:[A-ZÀ-ÖØ-Ý][\w’'\-]*\.?\s+){0,3}[A-ZÀ-ÖØ-Ý][\w’'\-]+)"
)
# What stands before a name, and the words of a function: « Le préfet », typed as a name, names nobody.
_TITLES = frozenset({"m", "mr", "mme", "mlle", "dr", "pr", "monsieur", "madame", "docteur", "le", "la", "l"})
_FUNCTIONS = frozenset(
    {
        "prefet",
        "prefete",
        "president",
        "presidente",
        "directeur",
        "directrice",
        "general",
        "generale",
        "maire",
    }
    | {"ministre", "conseil", "departemental", "departement", "region", "agence", "regionale", "sante"}
    | {"de", "du", "des", "la", "le", "l", "d"}
)


@dataclass
class _Piece:
    """A part of the HTML: markup as it is, or a text with what separates it from the last one."""

    content: str
    is_text: bool = False
    joint: str = ""
    is_model: bool = False


def public_html(html: str, *, names: Iterable[str] = ()) -> str:
    """The public version of `html`, a document of ours; `names` are people that no text of it may name.

    The same HTML and names give the same result, and a public version is its own public version but for the
    notice on the cover.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    cleaner = _Cleaner([*names, *reader.names], reader.numbers)
    _clean_texts(reader.pieces, cleaner)
    return "".join(
        escape(piece.content, quote=False)
        if piece.is_text
        else _with_clean_attributes(piece.content, cleaner)
        for piece in reader.pieces
    )


def public_text(text: str, *, names: Iterable[str] = ()) -> str:
    """A text outside the HTML (a title, a name of file) without what the public may not read."""
    return _Cleaner(list(names), []).cleaned(text)


class _Reader(HTMLParser):
    """Cuts a document into pieces, without the private elements; keeps their names and numbers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[_Piece] = []
        self.names: list[str] = []
        self.numbers: list[str] = []
        self._joint = ""
        self._private: list[str] = []
        self._private_label = ""
        self._private_texts: list[str] = []
        self._model: list[str] = []

    def handle_decl(self, decl: str) -> None:
        self.pieces.append(_Piece(f"<!{decl}>"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._private:
            if tag not in _VOID:
                self._private.append(tag)
            return
        self._part(tag)
        if "data-private" in given:
            self._private, self._private_label, self._private_texts = [tag], given["data-private"], []
            return
        classes = given.get("class", "").split()
        if tag not in _VOID and (self._model or "articles" in classes):
            self._model.append(tag)
        self.pieces.append(_Piece(_markup(tag, given)))
        if "cover-foot" in classes:
            self.pieces.append(_Piece(NOTICE))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._private:
            self._private.pop()
            if not self._private:
                self._replace_private(tag)
            return
        self._part(tag)
        if self._model:
            self._model.pop()
        self.pieces.append(_Piece(f"</{tag}>"))

    def handle_data(self, data: str) -> None:
        if self._private:
            self._private_texts.append(data)
            return
        self.pieces.append(_Piece(data, is_text=True, joint=self._joint, is_model=bool(self._model)))
        self._joint = ""

    def _part(self, tag: str) -> None:
        """Notes what a tag puts between two texts: nothing, the end of a line, or a wall."""
        if tag not in _INLINE and self._joint != _WALL:
            self._joint = "\n" if tag in _SOFT else _WALL

    def _replace_private(self, tag: str) -> None:
        if tag in _INLINE:
            name = "".join(self._private_texts).strip()
            self.names.append(name)
            self.pieces.append(_Piece(NAME))
            return
        for text in self._private_texts:
            number = "".join(filter(str.isalnum, text))
            if len(number) >= 8 and (any(map(str.isdigit, number)) or _FRENCH_BIC.fullmatch(number)):
                self.numbers.append(number)
        label = escape(self._private_label)
        self.pieces.append(
            _Piece(f'<p class="removed">[{label} : ne figure pas dans la version publique]</p>')
        )


class _Cleaner:
    """Finds in a text what the public may not read."""

    def __init__(self, names: Iterable[str], numbers: Iterable[str]) -> None:
        # The longest first: « Marie Dupont-Durand » before « Marie Dupont ».
        patterns = {pattern for name in names for pattern in _name_patterns(name)}
        self._names = [
            re.compile(pattern) for pattern in sorted(patterns, key=lambda each: (-len(each), each))
        ]
        self._numbers = [
            re.compile(r"(?<![a-z0-9])" + _GAP.join(map(re.escape, number.lower())) + r"(?![a-z0-9])")
            for number in sorted(set(numbers))
        ]

    def spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where something must go, and what stands there instead; the spans may overlap."""
        folded = _folded(text)
        for number in self._numbers:
            yield from ((*found.span(), ACCOUNT) for found in number.finditer(folded))
        yield from ((*found.span(), ACCOUNT) for found in _FRENCH_IBAN.finditer(text))
        yield from _keyed_ibans(text)
        yield from _ribs(text)
        yield from ((*found.span(), ACCOUNT) for found in _FRENCH_BIC.finditer(text))
        yield from ((*found.span(1), ACCOUNT) for found in _LABELLED.finditer(text))
        yield from ((*found.span(), CONTACT) for found in _EMAIL.finditer(text))
        yield from ((*found.span(), CONTACT) for found in _PHONE.finditer(text))
        for name in self._names:
            yield from ((*found.span(), NAME) for found in name.finditer(folded))

    def cleaned(self, text: str) -> str:
        for start, end, instead in reversed(_apart(self.spans(text))):
            text = text[:start] + instead + text[end:]
        return text


def _clean_texts(pieces: list[_Piece], cleaner: _Cleaner) -> None:
    """Cleans the texts of `pieces` in place, read as one: what is written over several lines is one thing."""
    texts = [piece for piece in pieces if piece.is_text]
    starts: list[int] = []
    parts: list[str] = []
    position = 0
    for piece in texts:
        position += len(piece.joint)
        starts.append(position)
        parts += [piece.joint, piece.content]
        position += len(piece.content)
    whole = "".join(parts)
    found = list(cleaner.spans(whole))
    models = [
        (start, start + len(piece.content))
        for start, piece in zip(starts, texts, strict=True)
        if piece.is_model
    ]
    found += [
        (*titled.span(1), NAME)
        for titled in _TITLED_NAME.finditer(whole)
        if not any(start <= titled.start() < end for start, end in models)
    ]
    spans = _apart(found)
    for start, piece in zip(starts, texts, strict=True):
        end = start + len(piece.content)
        content = piece.content
        for first, last, instead in reversed([span for span in spans if span[0] < end and span[1] > start]):
            # What stands instead is written once, where the span begins.
            put = instead if first >= start else ""
            content = content[: max(first - start, 0)] + put + content[max(last - start, 0) :]
        piece.content = content


def _apart(spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spans in order, those that overlap made one, which says what the first of them says."""
    apart: list[tuple[int, int, str]] = []
    for start, end, instead in sorted(spans):
        if apart and start < apart[-1][1]:
            first, last, said = apart[-1]
            apart[-1] = (first, max(last, end), said)
        elif end > start:
            apart.append((start, end, instead))
    return apart


def _markup(tag: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


_ATTRIBUTE = re.compile(r'( )([\w\-]+)="([^"]*)"')


def _with_clean_attributes(markup: str, cleaner: _Cleaner) -> str:
    """A tag with its attributes cleaned: the titles at the top of pages are attributes."""

    def cleaned(found: re.Match[str]) -> str:
        space, name, value = found.groups()
        if name in _KEPT_ATTRIBUTES or (name == "href" and value.startswith("#")):
            return found[0]
        return f'{space}{name}="{cleaner.cleaned(value)}"'

    return _ATTRIBUTE.sub(cleaned, markup) if markup.startswith("<") and '="' in markup else markup


def _keyed_ibans(text: str) -> Iterator[tuple[int, int, str]]:
    """The IBAN of any country: a form that half of all capital words have, hence the key (ISO 13616)."""
    for found in _ANY_IBAN.finditer(text):
        places = [place for place, character in enumerate(found[0]) if character.isalnum()]
        for count in range(len(places), 14, -1):
            number = "".join(found[0][place] for place in places[:count])
            if int("".join(str(int(each, 36)) for each in number[4:] + number[:4])) % 97 == 1:
                yield found.start(), found.start() + places[count - 1] + 1, ACCOUNT
                break


def _ribs(text: str) -> Iterator[tuple[int, int, str]]:
    """French account numbers: 5, 5, 11 and 2 characters, in these groups, in one, or with the right key."""
    for found in _RIB.finditer(text):
        groups = [len(group) for group in re.findall(r"[0-9A-Za-z]+", found[1])]
        if groups in ([23], [5, 5, 11, 2]) or _has_rib_key("".join(filter(str.isalnum, found[1]))):
            yield *found.span(1), ACCOUNT


def _has_rib_key(number: str) -> bool:
    """Whether the 23 characters end with their RIB key (letters count as 1-9, 1-9, 2-9 in order)."""
    digits = [
        each if each.isdigit() else str((int(each, 36) - 10) % 9 + 1 + (each in "STUVWXYZ"))
        for each in number.upper()
    ]
    return int("".join(digits)) % 97 == 0


def _name_patterns(name: str) -> Iterator[str]:
    """How a name may stand in a folded text: first name first or last, the first name's initial, a title."""
    words = re.findall(r"[^\W\d_]+", _folded(name))
    while words and words[0] in _TITLES:
        words.pop(0)
    if sum(map(len, words)) < 4 or _FUNCTIONS.issuperset(words):
        return
    near, apart = r"[\s.,\-‑’']{0,20}", r"[\s.,\-‑’']{1,20}"
    if len(words) == 1:
        yield rf"\b{words[0]}\b"
        return
    # Where the family's name begins is not known: after the first word, or after a later one.
    for cut in range(1, len(words)):
        first, family = apart.join(words[:cut]), apart.join(words[cut:])
        yield rf"\b{first}{apart}{family}\b"
        yield rf"\b{family}{apart}{first}\b"
        yield rf"\b{words[0][0]}\.{near}{family}\b"
        yield rf"\b(?:(?:m|mr|mme|mlle|dr|pr)\b\.?|me|monsieur|madame|docteur|maitre){near}\b{family}\b"


def _folded(text: str) -> str:
    """`text` without accents or capitals, as long as it was: what is found in it is at the same place."""
    return "".join(_folded_character(character) for character in text)


def _folded_character(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0].lower()
    return base if len(base) == 1 else character
