"""A visitor of the deployed site, as the proxy passes one on: plain HTTP, said to have come by TLS.

The cookies of production are « secure »: a browser would not send them to a plain address, so this small
client keeps them itself.
"""

import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPMessage
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit


@dataclass(frozen=True)
class Answer:
    """What the site answered; redirections are not followed."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        """Path that a redirection leads to, with its query."""
        parts = urlsplit(self.headers.get("Location", ""))
        return parts.path + (f"?{parts.query}" if parts.query else "")


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass
class Visitor:
    """`origin` is where the process listens, `host` and `scheme` what the visitor typed."""

    origin: str
    host: str
    scheme: str = "https"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._ask(path, None)

    def submit(self, page: str, fields: dict[str, str], *, to: str = "") -> Answer:
        """Open `page`, take the CSRF token of its form, and post the fields (to the page by default)."""
        opened = self.get(page)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', opened.text)
        assert token is not None, f"{page} ({opened.status}) has no form:\n{opened.text[:2000]}"
        return self._ask(to or page, fields | {"csrfmiddlewaretoken": token[1]})

    def _ask(self, path: str, fields: dict[str, str] | None) -> Answer:
        request = urllib.request.Request(  # noqa: S310 - the address of a process that the test started
            urljoin(self.origin, path),
            data=urlencode(fields).encode() if fields is not None else None,
            headers={
                "Host": self.host,
                "Origin": f"{self.scheme}://{self.host}",
                "Referer": f"{self.scheme}://{self.host}{path}",
                "X-Forwarded-Proto": self.scheme,
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            },
        )
        try:
            with urllib.request.build_opener(_NoRedirection).open(request, timeout=60) as response:
                answer = Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                answer = Answer(error.code, error.headers, error.read())
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer
