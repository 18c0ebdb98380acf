"""Ends with 0 when the site answers inside its container: `python healthcheck.py`."""

import os
import sys
import urllib.error
import urllib.request

PORT = os.environ.get("HEALTH_PORT", "8000")


def main() -> int:
    """Ask the health page under the first name of the site, which is the only one that it answers to."""
    host = os.environ["ALLOWED_HOSTS"].split(",")[0].strip()
    question = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/sante/", headers={"Host": host, "X-Forwarded-Proto": "https"}
    )
    try:
        with urllib.request.urlopen(question, timeout=5) as answer:  # noqa: S310 - an http address by construction
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
