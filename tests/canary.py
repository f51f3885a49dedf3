"""Looks for secrets where none may be: `python -m tests.canary SECRETS PLACE...` searches whole files and folders.

SECRETS: a file with a secret a line, as the sandbox writes it where SANDBOX_SECRETS_FILE says.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

CARD = "4111-1111-1111-1111"
"""A value of somebody's table: what Slack is told may never hold it."""


def forms(secret: str) -> set[bytes]:
    """A secret in plain, URL and base64 form; in base64 at each of the three places it may begin at."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found |= {_inside(encode(b"\0" * shift + plain), shift, len(plain)) for shift in range(3)}
    return found


def leaks(secrets: Iterable[str], places: Mapping[str, bytes]) -> Iterator[str]:
    """The name of each place that holds one, and which secret by its number (never the secret)."""
    for number, secret in enumerate(secrets):
        for form in forms(secret):
            yield from (f"secret {number} in {name}" for name, content in places.items() if form in content)


def _inside(encoded: bytes, shift: int, length: int) -> bytes:
    """Only the characters that the secret alone decides."""
    first = -(-shift * 8 // 6)
    last = (shift + length) * 8 // 6
    return encoded[first:last]


def main() -> int:
    """1 where a secret was found."""
    secrets = sorted(set(Path(sys.argv[1]).read_text().split()))
    places = {str(file): file.read_bytes() for name in sys.argv[2:] for file in _files(Path(name))}
    found = sorted(leaks(secrets, places))
    size = sum(map(len, places.values()))
    print(
        f"canary: {len(secrets)} secrets, {len(found)} leaks in {size:,} bytes of {len(places)} files", *found, sep="\n"
    )
    return int(bool(found) or not secrets or not size)


def _files(place: Path) -> Iterator[Path]:
    yield from filter(Path.is_file, place.rglob("*")) if place.is_dir() else (place,)


if __name__ == "__main__":
    sys.exit(main())
