"""Audio files as bytes: what they are, whether all of them is there, and FLAC's own bookkeeping.

Nothing here decodes sound.
"""

from __future__ import annotations

import re

_CONVERT = "convert it to WAV or FLAC first, for example with ffmpeg -i IN OUT.flac"
KINDS = (  # first bytes -> what such a file is
    (rb"RIFF....WAVE", "a WAV file"),
    (rb"RIFF", "a RIFF file"),
    (rb"RF64", "a WAV file"),
    (rb"FORM", "an AIFF file"),
    (rb"OggS", "an Ogg file"),
    (rb"fLaC", "a FLAC file"),
    (rb"....ftyp", "an MP4 file (AAC or ALAC)"),
    (rb"\xff[\xf0\xf1\xf8\xf9]", "an AAC stream"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMA file"),
    (rb"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (rb"MAC ", "a Monkey's Audio file"),
    (rb"wvpk", "a WavPack file"),
    (rb"TTA[12]", "a TTA file"),
    (rb"ID3", "tagged with ID3 in front, as MP3 files are"),
    (rb"\xff[\xe2-\xfb]", "an MP3 file"),
    (rb"PK\x03\x04", "a zip"),
    (rb"\x1f\x8b", "a gzip file"),
    (rb"\s*<", "a page of HTML or XML: a download that went wrong?"),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the file: git lfs pull fetches it"),
)
_SOUND = ("MP4", "AAC", "WMA", "Matroska", "Monkey", "WavPack", "TTA")  # sound that is not decoded here
_SIZES = re.compile(
    r"^\s*(?:riff|form|data|ssnd)\b[\w ]*: (\d+) \(should be (\d+)\)", re.IGNORECASE | re.MULTILINE
)
_UNKNOWN = 0x7FFFF000  # bytes; a writer that cannot go back to the header states as many or more
_SLACK = 16  # bytes that careless writers count too many


def kind_of(head: bytes) -> str:
    """What a file is by its first bytes, in words; empty for what is not known.

    >>> kind_of(b"fLaC"), kind_of(bytes(4) + b"ftypM4A ")
    ('a FLAC file', 'an MP4 file (AAC or ALAC)')
    """
    found = (text for start, text in KINDS if re.match(start, head, re.DOTALL))
    return next(found, "")


def advice(head: bytes) -> str:
    """What to do about a file that cannot be decoded, by its first bytes; empty where nothing is known."""
    kind = kind_of(head)
    if any(name in kind for name in _SOUND):
        return f"it is {kind}; {_CONVERT}"
    return f"it is {kind}" if kind and not kind.endswith(("WAV file", "FLAC file", "Ogg file")) else ""


def cut_short(log: str) -> str:
    """Which bytes a file states and does not have, in words; empty where all is there.

    Args:
        log: libsndfile's, from when it read the header.

    >>> cut_short("data : 529200 (should be 199956)")
    'its header states 529200 bytes, it holds 199956: it was cut short'
    """
    for stated, present in ((int(a), int(b)) for a, b in _SIZES.findall(log)):
        if present + _SLACK < stated < _UNKNOWN:
            return f"its header states {stated} bytes, it holds {present}: it was cut short"
    return ""
