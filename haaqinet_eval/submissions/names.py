"""Names that come from outside: of members in an archive, of teams and systems, in tables."""

from __future__ import annotations

import re
import unicodedata

from ..errors import InputError
from .findings import Fault, printable
from .limits import MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES

MAX_LABEL = 80  # characters of a team's or system's name
_DRIVE = re.compile(r"^[A-Za-z]:")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet compute (OWASP: CSV injection)


def nfc(text: str) -> str:
    """Unicode normal form C, in which names are compared."""
    return unicodedata.normalize("NFC", text)


def check_member_name(name: str) -> None:
    """Refuse a member's name that could lie outside its folder, hide something or collide.

    Raises:
        Fault: `control_character`, `backslash_path`, `absolute_path`, `path_traversal`,
            `name_too_long` or `path_too_deep`.
    """
    shown = printable(name[:200])
    if not all(c.isprintable() for c in name):
        raise Fault("control_character", f"{shown}: the name has control or invisible characters")
    if "\\" in name:
        raise Fault("backslash_path", f"{shown}: the name has backslashes; use '/' between folders")
    if name.startswith("/") or _DRIVE.match(name):
        raise Fault("absolute_path", f"{shown}: the name begins at a root or with a drive")
    parts = name.removesuffix("/").split("/")
    if len(name.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise Fault("name_too_long", f"{shown}: the name has {len(name.encode())} bytes")
    if any(part in ("", ".", "..") for part in parts):
        raise Fault("path_traversal", f"{shown}: the name has '..', '.' or empty parts")
    if len(parts) - 1 > MAX_DEPTH:
        raise Fault("path_too_deep", f"{shown}: below {len(parts) - 1} folders; {MAX_DEPTH} are allowed")


def clean_name(text: str, what: str = "team") -> str:
    """A team's or system's name, trimmed and in normal form C.

    HTML, Markdown and emoji are allowed: whoever shows a name escapes it. Control
    characters and text-direction overrides are not, for they change what is around the name.

    Raises:
        InputError: for an empty or too long name, or one with a character that is refused.

    >>> clean_name("  Team <b>42</b> ")
    'Team <b>42</b>'
    """
    name = nfc(text).strip()
    if not name:
        raise InputError(f"{what} name {printable(text)[:40]!r} is empty")
    if len(name) > MAX_LABEL:
        raise InputError(f"{what} name has {len(name)} characters; {MAX_LABEL} are allowed")
    for char in name:
        if not char.isprintable() and char not in "\u200d\u200c":  # joiners, within emoji and Persian
            raise InputError(f"{what} name {printable(name)!r} has the character U+{ord(char):04X}")
    if not any(char.isalnum() for char in name):
        raise InputError(f"{what} name {name!r} has neither a letter nor a digit")
    return name


def csv_safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are.

    >>> csv_safe("=cmd()"), csv_safe(-0.5)
    ("'=cmd()", -0.5)
    """
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
