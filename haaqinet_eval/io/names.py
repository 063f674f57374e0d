"""Names that people type: of teams and systems, in tables and in files; words and figures for people."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from ..errors import InputError

MAX_LABEL = 80  # characters of a team's or system's name
MAX_NOTE = 2000
MAX_MARKS = 2  # accents on one letter
JOINERS = "\u200d\u200c"  # within emoji and Persian
_FORMULA = "=+-@＝＋－＠﹦﹢﹣﹫"  # what makes a spreadsheet compute (OWASP: CSV injection), in all widths
_HIDING = r"[\s\"'\u200b\ufeff]*"
_FIRST = re.compile(rf"{_HIDING}(\S)")
_LATER = re.compile(rf"(?<=[;|\t])(?={_HIDING}[{re.escape(_FORMULA)}])")
# letters and symbols that show nothing (Unicode: Default_Ignorable_Code_Point, blank ones)
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
_VARIANTS = {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))}
_ALIKE = str.maketrans(  # after casefold -> the Latin letter or digit that it is taken for
    "авеёкмнорстухіїјѕԁһԛԝзбαβγεηικνορτυχωıіℓ01|",
    "abeekmhopctyxiijsdhqw36abyenikvoptuxwiilolı",
)


def nfc(text: str) -> str:
    """Unicode normal form C, in which names are compared."""
    return unicodedata.normalize("NFC", text)


def printable(text: str, most: int | None = None) -> str:
    """The text with control, invisible and unpaired characters as escapes, so that it stays within its line.

    Args:
        most: bytes of UTF-8 that it may have; what is longer is cut, and its length told.

    >>> printable("a\\x1b[2J")
    'a\\\\x1b[2J'
    >>> printable("x" * 65_000, 40)
    'xxxxxxxxxxxxxxxxxx… (65000 characters)'
    """
    part = text if most is None else text[:most]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in part)
    if most is None or (len(part) == len(text) and len(shown.encode()) <= most):
        return shown
    end = f"… ({len(text)} characters)"
    return shown.encode()[: max(0, most - len(end.encode()))].decode("utf-8", "ignore") + end


def counted(number: int, noun: str) -> str:
    """A number with its noun, which takes an s in the plural.

    >>> counted(1, "row"), counted(0, "row"), counted(1234, "trial")
    ('1 row', '0 rows', '1234 trials')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def plain_number(value: float) -> str:
    """A number as a person writes it: up to six digits, or all of a large one, without an exponent.

    >>> plain_number(40.0), plain_number(1e6), plain_number(1234567.0), plain_number(1e-05)
    ('40', '1000000', '1234567', '0.00001')
    """
    text = f"{value:g}"
    if "e" not in text or abs(value) >= 1e15:
        return text
    return f"{value:.0f}" if abs(value) >= 1 else f"{Decimal(text):f}"


def clean_name(text: str, what: str = "team") -> str:
    """A team's or system's name, trimmed and in normal form C.

    HTML, Markdown and emoji are allowed: whoever shows a name escapes it. Control characters and
    text-direction overrides are not, for they change what is around the name; nor is what cannot be
    seen, for two names would look the same.

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
    marks = 0
    for before, char, after in zip(" " + name, name, name[1:] + " ", strict=False):
        if not _is_seen(before, char, after):
            raise InputError(f"{what} name {name!a} has the character U+{ord(char):04X}")
        marks = marks + 1 if unicodedata.category(char) == "Mn" else 0
        if marks > MAX_MARKS and char not in _VARIANTS:
            raise InputError(f"{what} name {name!a} has more than {MAX_MARKS} accents on a letter")
    if not any(char.isalnum() for char in name):
        raise InputError(f"{what} name {name!r} has neither a letter nor a digit")
    return name


def _is_seen(before: str, char: str, after: str) -> bool:
    """Whether a character shows, or shapes those beside it that need it."""
    if char in JOINERS:
        return _joins(before) and _joins(after)
    if char in _VARIANTS:
        return unicodedata.category(before) in ("So", "Sk") or ord(before) > 0x2E80
    return char.isprintable() and char not in _BLANK


def _joins(char: str) -> bool:
    """Whether a character is an emoji or of a script whose letters change with their neighbours."""
    if unicodedata.category(char) in ("So", "Sk") or char in _VARIANTS:
        return True
    return 0x0590 <= ord(char) < 0x1100 and not char.isspace()


def look(name: str) -> str:
    """What a name looks like at a glance: names that are taken for one another have the same.

    Case, width, accents that are compatibility forms, spaces, and Cyrillic or Greek letters, digits
    and bars that look like Latin ones do not count.

    >>> look("Теаm 1") == look("team l") == look("ＴＥＡＭ_I")
    True
    """
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE).translate(_ALIKE)
    seen = "".join(char for char in folded if char.isalnum() or unicodedata.category(char) == "So")
    return seen.replace("ı", "l").replace("i", "l")


def clean_note(text: str, what: str = "note") -> str:
    """A remark of a team: any text that can be stored and shown.

    Raises:
        InputError: for a long one, or one with control characters but line ends and tabs.
    """
    if len(text) > MAX_NOTE:
        raise InputError(f"{what}: has {len(text)} characters; {MAX_NOTE} are allowed")
    for char in text:
        if not char.isprintable() and char not in f"\r\n\t{JOINERS}" and not char.isspace():
            raise InputError(f"{what}: has the character U+{ord(char):04X}")
    return nfc(text)


def csv_safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are.

    What stands before the formula's sign, as space, line ends and quotes, does not hide it; nor does
    a separator that the spreadsheet of another country may see in the cell.

    >>> csv_safe("=cmd()"), csv_safe(-0.5), csv_safe("a;=1"), csv_safe("＝1")
    ("'=cmd()", -0.5, "a;'=1", "'＝1")
    """
    if not isinstance(value, str):
        return value
    first = _FIRST.match(value)
    if first is None:
        return value
    start = "'" if first[1] in _FORMULA else ""
    return start + first[0] + _LATER.sub("'", value[first.end() :])
