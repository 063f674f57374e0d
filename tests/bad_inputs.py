"""The 88 bad inputs: what each is, how it is made, and the code it must get.

`CASES` lists what concerns a submission's bytes; `ELSEWHERE` names the numbers whose
subject is checked by another part, and where.
"""

import hashlib
import os
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bad_parts import (
    FIRST,
    FRAMES,
    PAIRS,
    RATE,
    a_million_entries,
    above_4_gib,
    first,
    flac,
    folder_with,
    good_files,
    ima_adpcm,
    mixture,
    output,
    overlapping,
    patched,
    pcm,
    poked,
    rate,
    reference,
    renamed,
    signal,
    stretched,
    total_samples,
    truncated_directory,
    wav,
    whole,
    with_files,
    with_members,
    write,
)
from raw_flac import raw_flac
from raw_zip import Raw, raw_zip


@dataclass(frozen=True)
class Case:
    """A bad input: its number in the list, what it is, how it is made, and its code."""

    number: int
    title: str
    build: Callable[[Path], Path]
    code: str | None  # None: nothing is an error
    side_cars: bool = False


_LINK, _FIFO, _DEVICE = (kind << 16 for kind in (stat.S_IFLNK | 0o777, stat.S_IFIFO, stat.S_IFCHR))
_SEEK = (3, struct.pack(">QQH", 10**12, 0, 4096))
_PICTURE = (6, bytes(2**24 - 1))
_CAR = FIRST.replace(".flac", ".txt")


def _side_cars() -> list[Case]:
    texts = {"nan": b"nan", "inf": b"inf", "1e308": b"1e308", "-1": b"-1", "empty": b"", "comma": b"0,5",
             "0": b"0", "underscore": b"1_0", "long": b"1" * 100, "a gigabyte": None}  # fmt: skip
    cases = []
    for title, text in texts.items():
        member = Raw(_CAR, text) if text is not None else Raw(_CAR, bytes(2**20 * 8), method=8, size=2**30)
        code = "compression_ratio" if text is None else "bad_side_car"
        cases.append(Case(42, f"side-car {title}", with_members(member), code, side_cars=True))
    cases.append(
        Case(42, "side-car where there is none", with_members(Raw(_CAR, b"0.5")), "side_car_not_allowed")
    )
    cases.append(Case(42, "good side-car", with_members(Raw(_CAR, b"0.5\n")), None, side_cars=True))
    return cases


ARCHIVES = [
    Case(1, "not a zip", lambda f: write(f, b"hello, this is text" * 9), "not_a_zip"),
    Case(2, "empty file", lambda f: write(f, b""), "empty_file"),
    Case(3, "no entries", lambda f: write(f, raw_zip([])), "empty_archive"),
    Case(3, "empty folder", lambda f: f, "empty_archive"),
    Case(4, "truncated central directory", truncated_directory, "truncated_archive"),
    Case(4, "hole in the central directory",
         whole(lambda d: d.replace(b"PK\1\2", b"XX\1\2")), "damaged_directory"),
    Case(5, "junk in front", whole(lambda d: b"#!/bin/sh\n" + d), "junk_around_zip"),
    Case(5, "junk behind", whole(lambda d: d + b"junk"), "junk_around_zip"),
    Case(6, "parent folder", with_members(Raw("../x.flac", b"x")), "path_traversal"),
    Case(7, "absolute name", with_members(Raw("/etc/x.flac", b"x")), "absolute_path"),
    Case(8, "drive", with_members(Raw("C:/x.flac", b"x")), "absolute_path"),
    Case(8, "backslashes", with_members(Raw("C:\\x.flac", b"x")), "backslash_path"),
    Case(8, "UNC", with_members(Raw("\\\\host\\share\\x.flac", b"x")), "backslash_path"),
    Case(9, "NUL in a name", with_members(Raw("a\0.flac", b"x")), "control_character"),
    Case(9, "escape sequence", with_members(Raw("a\x1b[2J.flac", b"x")), "control_character"),
    Case(9, "right-to-left override", with_members(Raw("a\u202ecalf.exe", b"x")), "control_character"),
    Case(9, "no UTF-8", with_members(Raw(b"a\xff.flac", b"x")), "control_character"),
    Case(10, "long name", with_members(Raw("a" * 256 + ".flac", b"x")), "name_too_long"),
    Case(10, "long path", with_members(Raw("/".join(["ab"] * 1500), b"x")), "name_too_long"),
    Case(10, "depth 1000", with_members(Raw("a/" * 1000 + "x.flac", b"x")), "path_too_deep"),
    Case(11, "symbolic link", with_members(Raw("link.flac", b"/etc/passwd", attributes=_LINK)), "symlink"),
    Case(11, "link in a folder", folder_with(lambda d: (d / "x.flac").symlink_to("/etc/passwd")), "symlink"),
    Case(12, "pipe", with_members(Raw("pipe.flac", attributes=_FIFO)), "special_file"),
    Case(12, "device", with_members(Raw("null.flac", attributes=_DEVICE)), "special_file"),
    Case(12, "pipe in a folder", folder_with(lambda d: os.mkfifo(d / "pipe.flac")), "special_file"),
    Case(13, "duplicate names", with_members(Raw("a.txt", b"1"), Raw("a.txt", b"2")), "duplicate_name"),
    Case(14, "case", with_members(Raw(FIRST.lower(), b"x")), "case_collision"),
    Case(15, "NFC and NFD", with_members(Raw("\u00e9.txt",
         b"x"), Raw("e\u0301.txt", b"x")), "unicode_collision"),
    Case(16, "deflate bomb", with_members(Raw(FIRST, bytes(2**25), method=8)), "compression_ratio"),
    Case(17, "overlapping entries", overlapping, "overlapping_entries"),
    Case(18, "nested zip", with_members(Raw("inner.zip", raw_zip([Raw("a", b"a")]))), "nested_archive"),
    Case(19, "a million entries", a_million_entries, "too_many_members"),
    Case(19, "a count that is too low",
         whole(lambda d: patched(d, len(d) - 14, b"\1\0\1\0")), "damaged_directory"),
    Case(20, "size too small",
         with_members(Raw(FIRST, good_files()[FIRST], method=8, size=1000)), "lying_size"),
    Case(20, "size too large",
         with_members(Raw(FIRST, good_files()[FIRST], method=8, size=10**6)), "lying_size"),
    Case(20, "stored, sizes differ", with_members(Raw(FIRST, b"fLaC", size=99)), "lying_size"),
    Case(21, "wrong checksum", with_members(Raw(FIRST, good_files()[FIRST], crc=1)), "crc_mismatch"),
    Case(21, "bad deflate", with_members(Raw(FIRST, b"\xff" * 99, method=9, size=99)), "unsupported_method"),
    Case(22, "encrypted", with_members(Raw(FIRST, b"x" * 99, flags=1)), "encrypted"),
    Case(23, "LZMA", with_members(Raw(FIRST, b"x", method=14)), "unsupported_method"),
    Case(23, "PPMd", with_members(Raw(FIRST, b"x", method=98)), "unsupported_method"),
    Case(23, "AES", with_members(Raw(FIRST, b"x", method=99)), "encrypted"),
    Case(24, "zip64 without its field",
         with_members(Raw("a", zip64=True, zip64_extra=b"")), "zip64_inconsistent"),
    Case(24, "zip64 field too short",
         with_members(Raw("a", zip64=True, zip64_extra=b"\1\0\4\0abcd")), "zip64_inconsistent"),
    Case(24, "two end records", with_files({}, zip64=True, count=3), "zip64_inconsistent"),
    Case(24, "valid zip64, above 4 GiB", above_4_gib, None),
    Case(25, "multi-disk", with_files({}, disk=1, first=1), "multi_disk"),
    Case(25, "member on another disk", with_members(Raw("a", disk=2)), "multi_disk"),
    Case(26, "other local name",
         with_members(Raw(FIRST, b"fLaC", local={"name": b"x" * len(FIRST)})), "header_mismatch"),
    Case(26, "other local size", with_members(Raw(FIRST, b"fLaC", local={"size": 5})), "header_mismatch"),
    Case(27, "top directory", lambda f: write(f, raw_zip([Raw(f"team 7/enhanced_signals/{k}", v)
                                                          for k, v in good_files().items()])), None),
    Case(28, "files of operating systems", with_members(
        *(Raw(n, b"x") for n in ("__MACOSX/._a.flac", ".DS_Store", "a/Thumbs.db"))), None),
    Case(29, "gzip", lambda f: write(f, b"\x1f\x8b\x08" + bytes(99)), "not_a_zip"),
    Case(29, "7z", lambda f: write(f, b"7z\xbc\xaf\x27\x1c" + bytes(99)), "not_a_zip"),
    Case(29, "RAR", lambda f: write(f, b"Rar!\x1a\x07" + bytes(99)), "not_a_zip"),
    Case(30, "another task",
         lambda f: write(f, raw_zip([Raw(f"S50001_L000{i}_A0.3_remix.flac", flac(np.ones(9)))
                                                         for i in range(3)])), "wrong_challenge"),
]  # fmt: skip

NAMES = [
    Case(31, "missing file", with_files({FIRST: None}), "missing_file"),
    Case(32, "extra audio", with_files({"demo.flac": good_files()[FIRST]}), "extra_file"),
    Case(33, "unknown scene", with_files({"S10009_L0001_remix.flac": b"x"}), "unknown_scene"),
    Case(34, "unknown listener", with_files({"S10001_L9999_remix.flac": b"x"}), "unknown_listener"),
    Case(35, "listener of another scene",
         with_files({"S10001_L0003_remix.flac": b"x"}), "pair_not_in_challenge"),
    Case(36, "alpha", renamed("S10001_L0001_A0.3_remix.flac"), "wrong_suffix"),
    Case(36, "suffix", renamed("S10001_L0001_mix.flac"), "wrong_suffix"),
    Case(37, "WAV", renamed("S10001_L0001_remix.wav"), "wrong_format"),
    Case(38, "upper case", renamed("S10001_L0001_remix.FLAC"), "wrong_case"),
    Case(39, "one listener missing",
         with_files({k: None for k in good_files() if "L0001" in k}), "listener_missing"),
    Case(40, "the same for all listeners", with_files(
        {f"{s}_{x}_remix.flac": flac(output(s, "L0001")) for s, x in PAIRS}), "not_personalised"),
    Case(40, "the same for all scenes",
         with_files({FIRST: good_files()["S10002_L0001_remix.flac"]}), "repeated_audio"),
    Case(41, "copy of the mixture", first(flac(0.5 * mixture("S10001"))), "copy_of_mixture"),
    Case(41, "copy of the reference", first(flac(0.5 * reference("S10001"))), "copy_of_reference"),
    Case(85, "scene id of another form", with_files({"scene one_L0001_remix.flac": b"x"}), "unknown_scene"),
    *_side_cars(),
]  # fmt: skip

AUDIO = [
    Case(43, "no bytes", first(b""), "empty_file"),
    Case(44, "text", first(b"not audio at all"), "not_flac"),
    Case(45, "WAV inside", first(wav("WAV")), "not_flac"),
    Case(45, "Ogg inside", first(wav("OGG")), "not_flac"),
    Case(45, "MP3 inside", first(b"\xff\xfb\x90\x00" + bytes(500)), "not_flac"),
    Case(46, "crafted IMA ADPCM", first(ima_adpcm()), "not_flac"),
    Case(47, "cut in the header", first(lambda d: d[:30]), "truncated_header"),
    Case(48, "cut in the middle", first(lambda d: d[: len(d) // 2]), "corrupt_audio"),
    Case(49, "flipped bits in a frame", first(lambda d: poked(d, len(d) // 2)), "corrupt_audio"),
    Case(50, "flipped bits in the block sizes", first(lambda d: patched(d, 8, b"\0\1")), "damaged_header"),
    Case(50, "flipped bit in the MD5", first(lambda d: poked(d, 30)), "bad_md5"),
    Case(51, "total samples 0", first(lambda d: total_samples(d, 0)), "unknown_length"),
    Case(52, "total samples 2^36 - 1", first(lambda d: total_samples(d, 2**36 - 1)), "wrong_length"),
    Case(52, "total samples one too many", first(lambda d: total_samples(d, FRAMES + 1)), "corrupt_audio"),
    Case(53, "wrong MD5", first(raw_flac(pcm(), md5=hashlib.md5(b"x").digest())), "bad_md5"),
    Case(54, "no MD5", first(raw_flac(pcm(), md5=bytes(16))), None),
    *(Case(55, f"{hz} Hz", first(lambda d, hz=hz: rate(d, hz)), "wrong_sample_rate")
      for hz in (0, 655350, 16000, 44100, 24000)),
    Case(56, "mono", first(raw_flac(pcm(channels=1))), "wrong_channels"),
    Case(57, "eight channels", first(raw_flac(pcm(channels=8))), "wrong_channels"),
    *(Case(58, f"{bits} bits", first(raw_flac(pcm(bits), bits=bits)), "wrong_bits")
      for bits in (8, 20, 24, 32)),
    Case(59, "blocks of 16", first(raw_flac(pcm(), block=16)), None),
    Case(59, "blocks of 65535", first(raw_flac(pcm(), block=65535)), None),
    Case(60, "huge picture", first(raw_flac(pcm(), blocks=[_PICTURE])), "metadata_too_large"),
    Case(60, "many blocks", first(raw_flac(pcm(), blocks=[(1, b"")] * 99)), "metadata_too_large"),
    Case(61, "seek table beyond the end", first(raw_flac(pcm(), blocks=[_SEEK])), "bad_seek_table"),
    Case(62, "ID3 in front", first(lambda d: b"ID3\4\0\0\0\0\0\0" + d), "not_flac"),
    Case(63, "two streams", first(lambda d: d + d), "trailing_data"),
    Case(64, "FLAC in Ogg", first(b"OggS\0\2" + bytes(22) + b"\x7fFLAC\1\0" + bytes(99)), "not_flac"),
    Case(65, "junk behind", first(lambda d: d + b"junk" * 9), "trailing_data"),
    Case(66, "ten minutes of silence",
         first(lambda _: raw_flac(np.broadcast_to(np.int64(0), (600 * RATE, 2)), block=65535, md5=bytes(16))),
         "wrong_length"),
    Case(67, "one sample less", signal(lambda x: x[:-1]), None),
    Case(67, "one sample more", signal(lambda x: np.vstack([x, x[:1]])), None),
    Case(67, "9 % less", signal(lambda x: x[: int(0.91 * FRAMES)]), "length_differs"),
    Case(67, "11 % less", signal(lambda x: x[: int(0.89 * FRAMES)]), "wrong_length"),
    Case(67, "11 % more", signal(lambda x: np.resize(x, (int(1.11 * FRAMES), 2))), "wrong_length"),
    Case(68, "no samples", first(raw_flac(np.zeros((0, 2), int))), "no_audio"),
    Case(69, "one sample", signal(lambda x: x[:1]), "wrong_length"),
]  # fmt: skip

SIGNALS = [
    Case(70, "all zero", signal(lambda x: 0 * x), "silent_file"),
    Case(71, "one ear zero", signal(lambda x: x * [1, 0]), "silent_ear"),
    Case(72, "direct current", signal(lambda x: 0 * x + 0.25), "constant_signal"),
    Case(73, "full-scale square", signal(np.sign), "clipped"),
    Case(74, "swapped ears", signal(lambda x: x[:, ::-1]), "swapped_ears"),
    Case(75, "upside down", signal(lambda x: -x), "polarity_inverted"),
    Case(76, "1 ms late", signal(lambda x: np.roll(x, RATE // 1000, axis=0)), None),
    Case(76, "100 ms late", signal(lambda x: np.roll(x, RATE // 10, axis=0)), "delayed"),
    Case(77, "60 dB up", signal(lambda x: (1000 * x).clip(-1, 1)), "clipped"),
    Case(77, "60 dB down", signal(lambda x: x / 1000), "very_quiet"),
    Case(
        78, "NaN in a float WAV", with_files({FIRST: None, FIRST[:-4] + "wav": ima_adpcm()}), "wrong_format"
    ),
    Case(79, "smallest samples", signal(lambda x: np.sign(x) * 2**-15), "very_quiet"),
    Case(
        80,
        "leading silence",
        signal(lambda x: np.vstack([np.zeros((RATE * 3 // 5, 2)), x[: -RATE * 3 // 5]])),
        "leading_silence",
    ),
    Case(81, "stretched by 0.25 %", signal(lambda x: stretched(x, 0.0025)), "time_stretched"),
]

CASES = [*ARCHIVES, *NAMES, *AUDIO, *SIGNALS]

ELSEWHERE = {  # number -> what it is, and the test that has it
    82: "audiograms that are none: test_audiogram.py",
    83: "listeners.json that is none: test_audiogram.py, cadenza/test_metadata.py",
    84: "team names and cells of tables: submissions/test_names.py",
    86: "tables of scores: store/test_imports.py",
    87: "a _target_ in a config: configs are never taken from a submission; recipes have their own only",
    88: "weights: a submission has none; model/test_front_end.py has damaged safetensors",
}
