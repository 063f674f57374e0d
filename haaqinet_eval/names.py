"""Names that people type: of teams and systems, in tables and in files."""

from __future__ import annotations

import unicodedata

from .errors import InputError

MAX_LABEL = 80  # characters of a team's or system's name
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet compute (OWASP: CSV injection)


def nfc(text: str) -> str:
    """Unicode normal form C, in which names are compared."""
    return unicodedata.normalize("NFC", text)


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
        raise InputError(f"{what} name {text[:40]!a} is empty")
    if len(name) > MAX_LABEL:
        raise InputError(f"{what} name has {len(name)} characters; {MAX_LABEL} are allowed")
    for char in name:
        if not char.isprintable() and char not in "\u200d\u200c":  # joiners, within emoji and Persian
            raise InputError(f"{what} name {name!a} has the character U+{ord(char):04X}")
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
