"""What each later revision of a signed PDF added to ours; runs only in the process apart.

A PDF is signed by appending: our bytes stay, a new revision is written behind them. Comparing the whole of
two revisions costs minutes on a tagged document (every path of the structure tree is followed for every
object). Here only the objects that a revision writes are looked at, so the cost is that of the additions:

- an object that is new is harmless by itself: it is seen only if something that existed leads to it;
- an object that existed may be written again only where adding a signature needs it (the catalogue, the form,
  the annotations of a page, an empty signature field, the store of validation data, the metadata), and only
  in the entries that a signature needs; what it adds there must be signature fields and nothing else;
- anything else is a change, told by its code.

See docs/decisions/electronic-signatures.md for what this accepts and refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

MAX_DEPTH = 60
MAX_NODES = 5_000

CATALOG_MAY_CHANGE = frozenset({"/AcroForm", "/DSS", "/Perms", "/Extensions", "/Version", "/Metadata"})
FORM_MAY_CHANGE = frozenset({"/Fields", "/SigFlags", "/DR", "/DA", "/NeedAppearances"})
# What a signature field or its widget is made of; an action (/A, /AA) is not.
FIELD_KEYS = frozenset(
    {
        *("/AP", "/AS", "/BS", "/Border", "/C", "/Contents", "/DA", "/DR", "/F", "/FT", "/Ff", "/H", "/Kids"),
        *("/Lang", "/Lock", "/M", "/MK", "/NM", "/P", "/Parent", "/Q", "/Rect", "/StructParent", "/Subtype"),
        *("/SV", "/T", "/TM", "/TU", "/Type", "/V"),
    }
)


def plain(held: Any, depth: int = 0) -> Any:
    """`held` as Python values that compare by content; a reference is its number, never what it leads to."""
    if depth > MAX_DEPTH:
        raise PdfReadError("nested too deeply")
    if isinstance(held, generic.IndirectObject):
        return ("ref", held.idnum, held.generation)
    if isinstance(held, generic.StreamObject):
        return ("stream", _plain_dictionary(held, depth), held.encoded_data)
    if isinstance(held, generic.DictionaryObject):
        return _plain_dictionary(held, depth)
    if isinstance(held, generic.ArrayObject):
        return [plain(item, depth + 1) for item in list.__iter__(held)]
    if isinstance(held, generic.TextStringObject | generic.ByteStringObject):
        return ("string", held.original_bytes)
    if isinstance(held, generic.NullObject):
        return None
    if isinstance(held, generic.BooleanObject):
        return bool(held.value)
    return str(held)


def _plain_dictionary(held: dict[Any, Any], depth: int) -> dict[str, Any]:
    return {str(key): plain(value, depth + 1) for key, value in dict.items(held)}


class Revision:
    """One revision compared with the one before it: `changes` are the codes of what no signature explains.

    Codes: "trailer", "catalog", "form", "field", "page", "annotation", "structure", "object", "freed".
    `visible` counts the visible signature frames that it adds.
    """

    def __init__(self, reader: PdfFileReader, number: int, *, own_revisions: int, first_free: int) -> None:
        self._reader = reader
        self._old = reader.get_historical_resolver(number - 1)
        self._new = reader.get_historical_resolver(number)
        self._written = {ref.idnum: ref for ref in reader.xrefs.explicit_refs_in_revision(number)}
        self._known = {
            ref.idnum for earlier in range(number) for ref in reader.xrefs.explicit_refs_in_revision(earlier)
        }
        self._own_revisions = own_revisions
        self._first_free = first_free
        self.changes: set[str] = set()
        self.visible = 0
        self._compare(number)

    def _compare(self, number: int) -> None:
        if any(ref.idnum in self._known for ref in self._reader.xrefs.refs_freed_in_revision(number)):
            self.changes.add("freed")
        trailers = [self._reader.trailer.flatten(revision) for revision in (number - 1, number)]
        roots = [plain(trailer.raw_get("/Root")) for trailer in trailers]
        if roots[0] != roots[1] or "/Encrypt" in trailers[1]:
            self.changes.add("trailer")
            return
        self._compare_form()
        # An object of our version keeps the role that our version gives it: a revision must not first point
        # the metadata, say, at the text of a page, for the next one to rewrite that text as metadata.
        own_trailer = self._reader.trailer.flatten(self._own_revisions - 1)
        own = _roles(self._reader.get_historical_resolver(self._own_revisions - 1), own_trailer)
        roles = {
            idnum: role for idnum, role in _roles(self._old, trailers[0]).items() if idnum >= self._first_free
        } | {idnum: role for idnum, role in own.items() if idnum < self._first_free}
        for idnum, ref in self._written.items():
            if idnum not in self._known:
                # Under the numbers that our version had given out, it may answer a reference of ours.
                if idnum < self._first_free:
                    self.changes.add("object")
                continue
            self._compare_object(ref, roles.get(idnum, ""))

    def _compare_object(self, ref: generic.Reference, role: str) -> None:
        old, new = self._old.get_object(ref), self._new.get_object(ref)
        if role == "free" or plain(old) == plain(new):
            return
        if role == "catalog":
            self._same_but(old, new, CATALOG_MAY_CHANGE, code="catalog")
        elif role == "page":
            self._same_but(old, new, {"/Annots"}, code="page")
            self._compare_annotations(_items(_entry(old, "/Annots")), _items(_entry(new, "/Annots")))
        elif role == "annotations":
            self._compare_annotations(_items(old), _items(new))
        elif role == "field":
            if "/V" in old or not self._is_signature_field(new):
                self.changes.add("field")
        elif role not in ("form", "fields"):
            is_structure = isinstance(old, generic.DictionaryObject) and _entry(old, "/Type") in (
                "/StructElem",
                "/StructTreeRoot",
            )
            self.changes.add("structure" if is_structure else "object")

    def _compare_form(self) -> None:
        old, new = _entry(self._old.root, "/AcroForm"), _entry(self._new.root, "/AcroForm")
        if old is None and new is None:
            return
        if not isinstance(new, generic.DictionaryObject):
            self.changes.add("form")
            return
        self._same_but({} if old is None else old, new, FORM_MAY_CHANGE, code="form")
        if plain(_raw(new, "/NeedAppearances")) not in (plain(_raw(old, "/NeedAppearances")), False):
            self.changes.add("form")
        for added in self._added(_items(_entry(old, "/Fields")), _items(_entry(new, "/Fields")), code="form"):
            if not self._is_signature_field(_seen(added)):
                self.changes.add("form")

    def _compare_annotations(self, old: list[Any], new: list[Any]) -> None:
        for added in self._added(old, new, code="annotation"):
            widget = _seen(added)
            if not (_entry(widget, "/Subtype") == "/Widget" and self._is_signature_field(widget)):
                self.changes.add("annotation")
                continue
            if _area(_entry(widget, "/Rect")) > 0:
                self.visible += 1

    def _added(self, old: list[Any], new: list[Any], *, code: str) -> Iterator[generic.IndirectObject]:
        """What the list `new` has more than `old`: references to objects of this revision."""
        before = [plain(item) for item in old]
        if [item for item in map(plain, new) if item in before] != before:
            self.changes.add(code)
            return
        for item in new:
            if plain(item) in before:
                continue
            if not isinstance(item, generic.IndirectObject) or (
                item.idnum in self._known and not self._was_signature_field(item)
            ):
                self.changes.add(code)
                continue
            yield item

    def _was_signature_field(self, item: generic.IndirectObject) -> bool:
        """Whether the object was a signature field already: a widget is sometimes listed later."""
        return self._is_signature_field(self._old.get_object(item.reference))

    def _is_signature_field(self, held: Any, depth: int = 0) -> bool:
        if not isinstance(held, generic.DictionaryObject) or depth > 2:
            return False
        if any(str(key) not in FIELD_KEYS for key in dict.keys(held)):
            return False
        if _entry(held, "/Subtype") not in (None, "/Widget"):
            return False
        kind = _entry(held, "/FT") or (_entry(_entry(held, "/Parent"), "/FT") if "/Parent" in held else None)
        if kind != "/Sig":
            return False
        return all(self._is_signature_field(_seen(kid), depth + 1) for kid in _items(_entry(held, "/Kids")))

    def _same_but(self, old: Any, new: Any, may_change: Iterable[str], *, code: str) -> None:
        if not (isinstance(old, dict) and isinstance(new, dict)):
            self.changes.add(code)
            return
        allowed = frozenset(may_change)
        before, after = (
            {key: value for key, value in _plain_dictionary(held, 0).items() if key not in allowed}
            for held in (old, new)
        )
        if before != after:
            self.changes.add(code)


def _roles(old: HistoricalResolver, trailer: generic.DictionaryObject) -> dict[int, str]:
    """What each object that a signature may touch is, in one revision: {number: role}."""
    roles = {old.root_ref.idnum: "catalog"}
    for number in _numbers([_raw(trailer, "/Info"), _raw(old.root, "/Metadata")]):
        roles[number] = "free"
    for number in _store(old):
        roles[number] = "free"
    form = _raw(old.root, "/AcroForm")
    roles |= dict.fromkeys(_numbers([form]), "form")
    roles |= dict.fromkeys(_numbers([_raw(_entry(old.root, "/AcroForm"), "/Fields")]), "fields")
    for reference in _items(_entry(_entry(old.root, "/AcroForm"), "/Fields")):
        if _entry(_seen(reference), "/FT") == "/Sig":
            roles |= dict.fromkeys(_numbers([reference]), "field")
    for page in _pages(old):
        roles |= dict.fromkeys(_numbers([page]), "page")
        roles |= dict.fromkeys(_numbers([_raw(_seen(page), "/Annots")]), "annotations")
    return roles


def same_beginning(version: PdfFileReader, signed: PdfFileReader) -> bool:
    """Whether the revisions of `version` are the first ones of `signed`, at the same places of the file."""
    count = version.xrefs.total_revisions
    return signed.xrefs.total_revisions >= count and all(
        version.xrefs.get_startxref_for_revision(number) == signed.xrefs.get_startxref_for_revision(number)
        for number in range(count)
    )


def _raw(held: Any, key: str) -> Any:
    """The entry `key` as it is written, a reference staying one; None when it is absent."""
    if isinstance(held, generic.DictionaryObject) and key in held:
        return held.raw_get(key)
    return None


def _entry(held: Any, key: str) -> Any:
    return _seen(_raw(held, key))


def _seen(held: Any) -> Any:
    """What a reference leads to."""
    if isinstance(held, generic.IndirectObject):
        return held.get_object()  # type: ignore[no-untyped-call]  # pyHanko types most of itself, not this
    return held


def _items(held: Any) -> list[Any]:
    """The items of an array as they are written; none for anything else."""
    return list(list.__iter__(held)) if isinstance(held, generic.ArrayObject) else []


def _numbers(held: Iterable[Any]) -> list[int]:
    return [item.idnum for item in held if isinstance(item, generic.IndirectObject)]


def _area(rectangle: Any) -> float:
    sides = [float(side) for side in _items(rectangle)]
    return abs((sides[2] - sides[0]) * (sides[3] - sides[1])) if len(sides) == 4 else 0.0


def _store(resolver: HistoricalResolver) -> Iterator[int]:
    """The numbers of the containers of the store of validation data (/DSS): none of them is ever shown."""
    store = _raw(resolver.root, "/DSS")
    yield from _numbers([store])
    for key in ("/Certs", "/CRLs", "/OCSPs", "/VRI"):
        part = _raw(_seen(store), key)
        yield from _numbers([part])
        if key == "/VRI" and isinstance(entries := _seen(part), generic.DictionaryObject):
            yield from _numbers(dict.values(entries))


def _pages(resolver: HistoricalResolver) -> Iterator[generic.IndirectObject]:
    """The references of the pages, each once, whatever loops the tree has."""
    waiting = [_raw(resolver.root, "/Pages")]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, generic.IndirectObject) or node.idnum in seen:
            continue
        seen.add(node.idnum)
        if len(seen) > MAX_NODES:
            raise PdfReadError("too many pages")
        kids = _items(_entry(_seen(node), "/Kids"))
        if kids:
            waiting.extend(kids)
        else:
            yield node
