"""Opens an uploaded PDF and looks at every object of it; runs only in the process apart.

Every indirect object is walked, whether a page leads to it or not, so that nothing hides behind an unusual
path. Names come decoded (`/J#53` is `/JS`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pikepdf

MAX_OBJECTS = 400_000
MAX_DEPTH = 100

# The type of an action (/S) or of an annotation (/Subtype), and the refusal that follows.
ACTIONS = {
    "/JavaScript": "script",
    "/Launch": "launch",
    "/SubmitForm": "submit",
    "/ImportData": "submit",
    "/GoToE": "embedded",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMediaExecute": "media",
    "/GoTo3DView": "media",
}
ANNOTATIONS = {
    "/FileAttachment": "embedded",
    "/RichMedia": "media",
    "/Screen": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/3D": "media",
}
KEYS = {
    "/JS": "script",
    "/JavaScript": "script",
    "/EF": "embedded",
    "/EmbeddedFiles": "embedded",
    "/XFA": "xfa",
    "/RichMediaContent": "media",
    "/Collection": "embedded",
}
# What is looked for in the raw bytes of a file whose table of objects is broken: two readers may not find the
# same objects in it.
RAW_NAMES = {
    b"/JavaScript": "script",
    b"/Launch": "launch",
    b"/SubmitForm": "submit",
    b"/EmbeddedFile": "embedded",
    b"/RichMedia": "media",
    b"/XFA": "xfa",
}


class _Found(Exception):
    """Something for which the file is refused; `code` says what."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_upload(files: list[bytes], options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One line: {"pages": n, "signatures": n} or {"refused": code}. Options: `max_pages`."""
    try:
        yield _read(files[0], int(options["max_pages"]))
    except _Found as found:
        yield {"refused": found.code}
    except pikepdf.PasswordError:
        yield {"refused": "encrypted"}
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError):
        yield {"refused": "unreadable"}


def _read(content: bytes, max_pages: int) -> dict[str, Any]:
    with pikepdf.open(io.BytesIO(content), suppress_warnings=True) as pdf:
        if pdf.is_encrypted:
            raise _Found("encrypted")
        if pdf.get_warnings():
            for name, code in RAW_NAMES.items():
                if name in content:
                    raise _Found(code)
        if len(pdf.objects) > MAX_OBJECTS:
            raise _Found("heavy")
        signatures = 0
        _look(pdf.trailer, 0)
        for held in pdf.objects:
            _look(held, 0)
            if isinstance(held, pikepdf.Dictionary) and held.get("/FT") == "/Sig" and "/V" in held:
                signatures += 1
        # The declared number first: counting a tree of a million pages is what a hostile file asks for.
        if int(pdf.Root.Pages.get("/Count", 0)) > max_pages or (pages := len(pdf.pages)) > max_pages:
            raise _Found("pages")
        if pages == 0:
            raise _Found("unreadable")
        return {"pages": pages, "signatures": signatures}


def _look(held: Any, depth: int) -> None:
    """Refuse what the object `held` carries itself; what it refers to is an object of its own."""
    if depth > MAX_DEPTH:
        raise _Found("heavy")
    if isinstance(held, pikepdf.Stream):
        held = held.stream_dict
    elif isinstance(held, pikepdf.Array):
        for item in held:
            if _is_container(item):
                _look(item, depth + 1)
        return
    if not isinstance(held, pikepdf.Dictionary):
        return
    for key in held.keys():  # noqa: SIM118 - iterating a pikepdf dictionary gives its keys only on some versions
        if code := KEYS.get(key):
            raise _Found(code)
        value = held[key]
        if key == "/S" and (code := ACTIONS.get(str(value)) if isinstance(value, pikepdf.Name) else None):
            raise _Found(code)
        if key == "/Subtype" and isinstance(value, pikepdf.Name) and (code := ANNOTATIONS.get(str(value))):
            raise _Found(code)
        if key == "/Type" and isinstance(value, pikepdf.Name) and str(value) == "/EmbeddedFile":
            raise _Found("embedded")
        if _is_container(value):
            _look(value, depth + 1)


def _is_container(value: Any) -> bool:
    """Whether `value` is written inside its holder; what stands elsewhere has its turn."""
    return isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect
