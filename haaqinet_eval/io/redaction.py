"""What must not be told: secrets to nobody, places of this computer not to the public.

Every message of `errors`, every record of a run and every log passes `redact`; what a board shows
to everybody passes `public` as well. Secrets belong into the environment or a file of the
protocol's own, not into a URL: this is for those that stand there all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

HIDDEN, PLACE = "***", "(path)"

_SECRET = (
    r"[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|signature|credential"
    r"|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key)[\w.-]*"
)
_NAME = re.compile(_SECRET, re.IGNORECASE)
_USER = re.compile(  # Hydra writes the first colon as \:
    r"(?P<scheme>[a-z][a-z0-9+.-]*\\?://)(?:(?P<user>[^\s/?#@:]*:))?[^\s/?#]*@", re.IGNORECASE
)
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|[^\s&#;,'\"]+?(?=[:.]?(?:[\s&#;,'\"]|$)))"
_PARAMETER = re.compile(rf"(?P<name>\b{_SECRET}\s*=\s*|[?&](?:sig|key|auth)=){_VALUE}", re.IGNORECASE)

_ROOTED = r"(?:[a-z][a-z0-9+.-]*://|~?/|\\\\|[A-Za-z]:[\\/])"
_IS_PLACE = re.compile(_ROOTED, re.IGNORECASE)
_FIRST = re.compile(rf"(?:^|(?<=^store )){_ROOTED}[^:\n]*(?=: )", re.IGNORECASE)  # what a message is about
_PLACES = re.compile(
    rf"(?<![\w/\\.:~-])(?:[a-z][a-z0-9+.-]*://(?:[^\s;,'\"()<>|:]|:(?=\S))+|{_ROOTED}[^\s:;,'\"()<>|]+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text without passwords, tokens and signatures.

    >>> redact("postgresql://round:geheim@db/round?sslmode=require&password=geheim")
    'postgresql://round:***@db/round?sslmode=require&password=***'
    >>> redact("https://geheim@host/a?X-Amz-Signature=geheim: no such file")
    'https://***@host/a?X-Amz-Signature=***: no such file'
    """
    text = _USER.sub(lambda found: f"{found['scheme']}{found['user'] or ''}{HIDDEN}@", text)
    return _PARAMETER.sub(lambda found: found["name"] + HIDDEN, text)


def redacted(value: Any) -> Any:
    """A record without secrets: in its texts, and whole values whose key names one.

    >>> redacted({"options": {"token": "geheim"}, "music": ["s3://key:geheim@bucket/a"]})
    {'options': {'token': '***'}, 'music': ['s3://key:***@bucket/a']}
    """
    if isinstance(value, dict):
        return {
            key: HIDDEN if isinstance(key, str) and _NAME.fullmatch(key) and held else redacted(held)
            for key, held in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(held) for held in value]
    return redact(value) if isinstance(value, str) else value


def _last(place: str) -> str:
    """The name at the end of a path or URL."""
    parts = re.split(r"[\\/]+", re.split(r"[?#]", place)[0].rstrip("\\/"))
    return parts[-1] if len(parts) > 1 + ("://" in place) else PLACE


def public_text(text: str, places: Iterable[str] = ()) -> str:
    """A message without the places that it names: of each path and URL the last name is left.

    Args:
        places: paths and URLs that are known, as they may have spaces.

    >>> public_text("/srv/my round/team.zip: has changed; see C:\\\\logs\\\\a.txt and s3://b/c/d.wav")
    'team.zip: has changed; see a.txt and d.wav'
    """
    for place in sorted(filter(None, map(str, places)), key=len, reverse=True):
        if _IS_PLACE.match(place):
            text = text.replace(place.rstrip("\\/") + "/", "").replace(place, _last(place))
    text = _FIRST.sub(lambda found: _last(found[0]), redact(text))
    return _PLACES.sub(lambda found: _last(found[0]), text)


def public(value: Any) -> Any:
    """A record as everybody may see it: without secrets, and without paths and URLs."""
    if isinstance(value, dict):
        return {public_text(str(key)): public(held) for key, held in redacted(value).items()}
    if isinstance(value, list | tuple):
        return [public(held) for held in value]
    if not isinstance(value, str):
        return value
    return PLACE if _IS_PLACE.match(value) else public_text(value)
