"""Names of members in an archive."""

from __future__ import annotations

import re

from .findings import Fault, printable
from .limits import MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES

_DRIVE = re.compile(r"^[A-Za-z]:")


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
