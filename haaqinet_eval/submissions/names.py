"""Names of members in an archive."""

from __future__ import annotations

import re

from ..io.names import printable
from .findings import Fault
from .limits import MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES, SHOWN_NAME_BYTES

_DRIVE = re.compile(r"^[A-Za-z]:")


def check_member_name(name: str) -> None:
    """Refuse a member's name that could lie outside its folder, hide something or collide.

    Raises:
        Fault: for the first of `name_too_long`, `control_character`, `backslash_path`,
            `absolute_path`, `path_traversal` and `path_too_deep` that is found.
    """
    shown = printable(name, SHOWN_NAME_BYTES)
    length = len(name.encode("utf-8", "surrogatepass"))
    parts = name.removesuffix("/").split("/")
    if length > MAX_PATH_BYTES:
        raise Fault("name_too_long", f"{shown}: the name has {length} bytes")
    if not all(c.isprintable() for c in name):
        raise Fault("control_character", f"{shown}: the name has control or invisible characters")
    if "\\" in name:
        raise Fault("backslash_path", f"{shown}: the name has backslashes; use '/' between folders")
    if name.startswith("/") or _DRIVE.match(name):
        raise Fault("absolute_path", f"{shown}: the name begins at a root or with a drive")
    if any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise Fault("name_too_long", f"{shown}: a part of the name has more than {MAX_NAME_BYTES} bytes")
    if any(part in ("", ".", "..") for part in parts):
        raise Fault("path_traversal", f"{shown}: the name has '..', '.' or empty parts")
    if len(parts) - 1 > MAX_DEPTH:
        raise Fault("path_too_deep", f"{shown}: below {len(parts) - 1} folders; {MAX_DEPTH} are allowed")
