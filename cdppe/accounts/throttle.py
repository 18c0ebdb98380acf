"""A limit on failed attempts, kept in the cache: guessing passwords becomes useless, mistyping does not hurt.

Counts are per e-mail and address (somebody guesses one password) and per address (somebody tries one
password on many accounts; an office of many people shares an address, hence the wider limit). Without a
shared cache each process counts for itself, which only makes the limit a few times wider.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


@dataclass(frozen=True)
class Throttle:
    """At most `limit` counted attempts in `seconds` for one key; the window starts at the first of them."""

    name: str
    limit: int
    seconds: int

    def is_exceeded(self, key: str) -> bool:
        return int(cache.get(self._cache_key(key), 0)) >= self.limit

    def count(self, key: str) -> None:
        """Count one attempt."""
        cache_key = self._cache_key(key)
        if cache.add(cache_key, 1, timeout=self.seconds):
            return
        try:
            cache.incr(cache_key)
        except ValueError:  # it expired between the two calls
            cache.add(cache_key, 1, timeout=self.seconds)

    def forget(self, key: str) -> None:
        """Start again from zero."""
        cache.delete(self._cache_key(key))

    def _cache_key(self, key: str) -> str:
        # Hashed: a cache key is short and plain, and the cache then holds nobody's e-mail.
        return f"throttle:{self.name}:{hashlib.sha256(key.encode()).hexdigest()}"


SIGN_IN_OF_ACCOUNT = Throttle("sign-in-account", limit=10, seconds=15 * 60)
SIGN_IN_FROM_ADDRESS = Throttle("sign-in-address", limit=100, seconds=15 * 60)
PASSWORD_RESET_MAIL = Throttle("password-reset", limit=5, seconds=60 * 60)


def client_address(request: HttpRequest) -> str:
    """The address that the request comes from, as our own proxy states it when there is one.

    Only the last address of X-Forwarded-For is our proxy's word; what stands before is the client's.
    """
    if settings.BEHIND_TLS_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return str(request.META.get("REMOTE_ADDR", ""))
