"""What is said about a submission: findings, each with a reason code.

The same fault always has the same code, and a code always has the same severity: an
`error` stops a submission from being scored, a `warning` is a suspicion that the team should
look into, a `note` tells what was done or left out. `CODES` is the whole list.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .limits import MAX_FINDINGS_PER_CODE

SEVERITIES = ("error", "warning", "note")

# code -> severity and meaning; findings are reported in this order
CODES: dict[str, tuple[str, str]] = {
    # the archive
    "not_a_zip": ("error", "The file is no zip archive."),
    "empty_file": ("error", "The file or member has no bytes."),
    "empty_archive": ("error", "There are no files in the archive or folder."),
    "truncated_archive": ("error", "It begins like a zip, but its end is missing."),
    "damaged_directory": ("error", "The zip's central directory contradicts itself."),
    "zip64_inconsistent": ("error", "Zip64 fields are missing or contradict the others."),
    "multi_disk": ("error", "The zip is one part of several."),
    "junk_around_zip": ("error", "There are bytes before or after the zip."),
    "too_many_members": ("error", "There are more members than any challenge has."),
    "too_large": ("error", "A member, or all together, are larger than any challenge's."),
    "path_traversal": ("error", "A name has '..', '.' or empty parts."),
    "absolute_path": ("error", "A name begins at a root or with a drive."),
    "backslash_path": ("error", "A name has backslashes; folders are separated by '/'."),
    "control_character": ("error", "A name has control or invisible characters, or is no valid text."),
    "name_too_long": ("error", "A name, or the whole path, is too long."),
    "path_too_deep": ("error", "A file lies below too many folders."),
    "symlink": ("error", "A symbolic link."),
    "special_file": ("error", "A device, a pipe or a socket."),
    "duplicate_name": ("error", "Two members have the same name."),
    "case_collision": ("error", "Two names differ in upper and lower case only."),
    "unicode_collision": ("error", "Two names differ in their Unicode form only."),
    "compression_ratio": ("error", "A member expands beyond what audio can."),
    "overlapping_entries": ("error", "Members share bytes of the zip."),
    "nested_archive": ("error", "An archive within the archive."),
    "lying_size": ("error", "A member's size is not what the zip states."),
    "crc_mismatch": ("error", "A member's checksum is wrong."),
    "corrupt_member": ("error", "A member cannot be unpacked or read."),
    "encrypted": ("error", "A member is encrypted."),
    "unsupported_method": ("error", "A member is neither stored nor deflated."),
    "header_mismatch": ("error", "A member's own header contradicts the central directory."),
    # which files there are
    "wrong_challenge": ("error", "None of the challenge's files are there."),
    "listener_missing": ("error", "All files of one listener are missing."),
    "missing_file": ("error", "A file that the challenge needs is missing."),
    "wrong_case": ("error", "A name differs from the expected one in upper and lower case."),
    "wrong_format": ("error", "Audio in a format other than FLAC."),
    "wrong_folder": ("error", "An expected file in another folder."),
    "wrong_suffix": ("error", "Scene and listener are right, the rest of the name is not."),
    "unknown_scene": ("error", "The challenge has no such scene or song."),
    "unknown_listener": ("error", "The challenge has no such listener."),
    "pair_not_in_challenge": ("error", "This listener does not hear this scene in the challenge."),
    "extra_file": ("error", "Audio that the challenge does not ask for."),
    "side_car_not_allowed": ("error", "A .txt beside a FLAC, which would change its level."),
    "bad_side_car": ("error", "A side-car .txt does not hold one sane number."),
    # FLAC
    "not_flac": ("error", "The file does not begin as a FLAC stream."),
    "truncated_header": ("error", "The file ends within its FLAC header."),
    "damaged_header": ("error", "The FLAC header is impossible."),
    "metadata_too_large": ("error", "The FLAC header holds more metadata than audio needs."),
    "unknown_length": ("error", "The FLAC header does not state the number of samples."),
    "no_audio": ("error", "The FLAC file has no samples."),
    "wrong_sample_rate": ("error", "The sample rate is not the challenge's."),
    "wrong_channels": ("error", "The number of channels is not the challenge's."),
    "wrong_bits": ("error", "Samples are not of 16 bits."),
    "wrong_length": ("error", "The duration is more than 10 % off the reference's."),
    "corrupt_audio": ("error", "The FLAC stream cannot be decoded to its end."),
    "bad_md5": ("error", "Decoded samples are not those that were encoded, by the file's own MD5."),
    "trailing_data": ("error", "Bytes or another stream follow the end of the audio."),
    "decoder_stopped": ("error", "The decoder ran out of time or memory, or crashed."),
    # suspicions
    "not_personalised": ("warning", "All listeners of a scene have the same audio."),
    "repeated_audio": ("warning", "Different scenes have the same audio."),
    "copy_of_mixture": ("warning", "The audio is the unprocessed mixture."),
    "copy_of_reference": ("warning", "The audio is the reference."),
    "swapped_ears": ("warning", "Left resembles the mixture's right and right its left."),
    "polarity_inverted": ("warning", "The audio is upside down against the mixture."),
    "delayed": ("warning", "The audio is late or early against the mixture."),
    "time_stretched": ("warning", "The audio drifts in time against the mixture."),
    "silent_file": ("warning", "All samples are zero."),
    "silent_ear": ("warning", "All samples of one channel are zero."),
    "constant_signal": ("warning", "A channel never changes: direct current."),
    "clipped": ("warning", "Many samples are at full scale."),
    "very_quiet": ("warning", "The level is far below music's."),
    "leading_silence": ("warning", "The audio begins with long digital silence."),
    "length_differs": ("warning", "The duration is off the reference's, within HAAQI's 10 %."),
    "bad_seek_table": ("warning", "The FLAC seek table points beyond the end."),
    "stray_file": ("warning", "A file that is no audio and is not used."),
    # notes
    "top_directory": ("note", "Files lie in a folder of their own; it is left out of their names."),
    "junk_file": ("note", "An operating system's file, ignored."),
    "zero_md5": ("note", "The FLAC header has no MD5, so the samples cannot be verified."),
    "remix_missing": ("note", "A remix that is asked for but not scored is missing."),
    "side_car_missing": ("note", "A stem without its side-car; its factor is 1."),
    "not_compared": ("note", "The challenge's own audio could not be read, so nothing was compared."),
    "more_findings": ("note", "Further findings of one code, counted."),
}
_ORDER = {code: i for i, code in enumerate(CODES)}


@dataclass(frozen=True)
class Finding:
    """One fault, suspicion or note."""

    code: str  # a key of `CODES`
    severity: str  # "error", "warning" or "note"
    file: str  # name within the submission, made printable; empty where it is about the whole
    message: str  # one sentence with the offending value


class Fault(ValueError):
    """A fault of one file on its way to becoming a finding."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def finding(code: str, file: str, message: str) -> Finding:
    """A finding with the severity of its code; name and message are made printable.

    >>> finding("duplicate_name", "a\\x1b[2J", "stands twice").file
    'a\\\\x1b[2J'
    """
    return Finding(code, CODES[code][0], printable(file), printable(message))


def printable(text: str) -> str:
    """The text with control, invisible and unpaired characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by severity, code, file and message; at most `MAX_FINDINGS_PER_CODE` of a code."""
    unique = sorted(
        set(findings), key=lambda f: (SEVERITIES.index(f.severity), _ORDER[f.code], f.file, f.message)
    )
    counts: Counter[str] = Counter()
    kept = []
    for item in unique:
        counts[item.code] += 1
        if counts[item.code] <= MAX_FINDINGS_PER_CODE:
            kept.append(item)
    for code, count in counts.items():
        if count > MAX_FINDINGS_PER_CODE:
            kept.append(finding("more_findings", "", f"{code}: {count - MAX_FINDINGS_PER_CODE} more"))
    return kept


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether anything stops the submission from being scored."""
    return any(item.severity == "error" for item in findings)


def to_json(findings: Iterable[Finding]) -> str:
    """A list of objects with `code`, `severity`, `file` and `message`."""
    return json.dumps([asdict(item) for item in findings], indent=2, ensure_ascii=False)


def code_table() -> str:
    """All codes with severity and meaning, one a line."""
    width = max(map(len, CODES))
    return "\n".join(f"{code:{width}}  {severity:7}  {text}" for code, (severity, text) in CODES.items())
