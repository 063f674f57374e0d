"""Archives, streams and the decoding process, piece by piece."""

import io
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from bad_parts import FRAMES, PAIRS, RATE, challenge, flac, good_files, output, pcm, with_files
from raw_flac import frame, raw_flac
from raw_zip import Raw, raw_zip
from rich.console import Console

from haaqinet_eval import InputError, Unscorable
from haaqinet_eval.cadenza.challenge import EnhancedFormat
from haaqinet_eval.io.containers.flac_end import crc8, crc16, data_after_end
from haaqinet_eval.submissions import Submission, to_json, validate
from haaqinet_eval.submissions.archive import open_archive, read_member
from haaqinet_eval.submissions.checks import decode_checked
from haaqinet_eval.submissions.decoding import Decoder
from haaqinet_eval.submissions.expected import REMIX, Expectation, ExpectedFiles
from haaqinet_eval.submissions.findings import Fault
from haaqinet_eval.submissions.flac import parse_header

STEREO = EnhancedFormat(RATE, channels=2)


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


def contents(path) -> dict[str, bytes]:
    with open_archive(path) as archive:
        assert archive.findings == []
        return {name: read_member(archive, member) for name, member in archive.members.items()}


@pytest.mark.parametrize("console", [True, False])
def test_many_files_are_checked_with_progress_and_few_without(tmp_path, monkeypatch, console):
    """As `haaqinet validate team.zip | less` shows it, on stderr."""
    path, out = with_files({})(tmp_path), io.StringIO()
    told = Console(file=out, force_terminal=False) if console else None
    validate(path, challenge(), deep=False, console=told)
    assert out.getvalue() == ""
    monkeypatch.setattr("haaqinet_eval.submissions.checks.MANY", 2)
    validate(path, challenge(), deep=False, console=told)
    steps = [line.removeprefix("checking files: ") for line in out.getvalue().splitlines()]
    assert len(steps) == (min(10, len(good_files())) if console else 0)
    assert all(step.endswith(f"/{len(good_files())}") for step in steps)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_zipfile_writes_is_read(method, tmp_path):
    files = {"a b/c & d's.flac": b"x" * 70_000, "empty": b"", "naïve.txt": bytes(range(256)) * 300}
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.mkdir("a b")
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as member:  # streamed: sizes follow the data
                member.write(data)
    assert contents(path) == files


def test_a_zip_written_to_a_pipe_has_descriptors_and_is_read(tmp_path):
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self):
            return True

        def write(self, data):
            Pipe.data += bytes(data)
            return len(data)

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.flac", b"abc" * 999)
    path = tmp_path / "a.zip"
    path.write_bytes(Pipe.data)
    assert contents(path) == {"a.flac": b"abc" * 999}


@pytest.mark.parametrize("zip64", [False, True])
def test_zipfile_reads_what_the_tests_write(zip64, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(
        raw_zip([Raw("a", b"1" * 999, method=8, zip64=zip64), Raw("b", b"2", zip64=zip64)], zip64)
    )
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    assert contents(path) == {"a": b"1" * 999, "b": b"2"}


def test_long_names_with_many_faults_cost_a_line_each(tmp_path):
    path = tmp_path / "a.zip"
    name = "\x1b" * 64_990 + ".zip"
    path.write_bytes(
        raw_zip([Raw(f"{i:03}{name}", flags=1 << 11 | 1, attributes=0o120777 << 16) for i in range(40)])
    )
    tracemalloc.start()
    findings = validate(path, challenge())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [f.code for f in findings] == ["name_too_long"] * 40
    assert len(to_json(findings)) < 100_000
    assert most < 5 * path.stat().st_size


@pytest.mark.parametrize("name", ["../a.zip", "a\x1b.zip", "\\a.zip", "/a.zip", "a" * 300 + ".zip"])
def test_a_faulty_name_has_one_finding(name, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(raw_zip([Raw(name, flags=1 << 11 | 1, attributes=0o120777 << 16)]))
    assert len(validate(path, challenge())) == 1


def test_a_finding_names_no_place_of_the_server(tmp_path, caplog):
    def gone(name):
        raise Unscorable("missing_file", "/srv/round/audio/mixture.wav: no such file")

    findings = validate(with_files({})(tmp_path), replace(challenge(), sounds=gone))
    told = [f.message for f in findings if f.code == "not_compared"]
    assert told
    assert all("missing_file" in message and "/srv" not in message for message in told)
    assert "/srv/round/audio/mixture.wav" in caplog.text


def test_nothing_there_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        validate(tmp_path / "none.zip", challenge())


@pytest.mark.parametrize(("bits", "block"), [(16, 4096), (16, 16), (16, 65535), (8, 4096), (24, 4096)])
def test_libsndfile_and_the_tests_own_writer_agree(bits, block, decoder):
    samples = pcm(bits, frames=9000)
    data = raw_flac(samples, bits=bits, block=block)
    header = parse_header(io.BytesIO(data).read)
    assert (header.sample_rate, header.channels, header.bits, header.frames) == (RATE, 2, bits, 9000)
    np.testing.assert_array_equal(decode_checked(data, header, decoder).samples, samples)


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_the_end_of_an_encoded_stream_is_found(subtype, level):
    buffer = io.BytesIO()
    soundfile.write(buffer, output(*PAIRS[0]), RATE, format="FLAC", subtype=subtype, compression_level=level)
    data = buffer.getvalue()
    header = parse_header(io.BytesIO(data).read)
    assert data_after_end(data, header.audio_start, header.max_frame_bytes) == ""
    assert data_after_end(data, header.audio_start, 0) == ""
    assert data_after_end(data + b"x", header.audio_start, header.max_frame_bytes) != ""


def odd_streams() -> dict[str, tuple[bytes, str]]:
    """Streams that decoders take for sound, and what is said of them."""
    samples, block = pcm(frames=9000), 4096
    good = raw_flac(samples, block=block)
    start = parse_header(io.BytesIO(good).read).audio_start
    frames = [frame(samples[i : i + block], i // block, 16) for i in range(0, len(samples), block)]

    def other_rate(data: bytes) -> bytes:
        head = data[:2] + b"\x79" + data[3:7]  # 44,100 Hz; a frame number of one byte
        body = head + bytes([crc8(head)]) + data[8:-2]
        return body + crc16(body).to_bytes(2, "big")

    again = b"".join(frame(samples[i : i + block], 0, 16) for i in range(0, len(samples), block))
    return {
        "zeros": (good + bytes(100), "trailing_data"),
        "one zero": (good + b"\0", "trailing_data"),
        "the last frame again": (good + b"junk" * 50 + frames[-1], "trailing_data"),
        "another rate": (good[:start] + b"".join(map(other_rate, frames)), "corrupt_audio"),
        "another rate later": (good[:start] + frames[0] + other_rate(frames[1]) + frames[2], "corrupt_audio"),
        "one number": (good[:start] + again, "corrupt_audio"),
    }


@pytest.mark.parametrize("name", odd_streams())
def test_a_stream_that_only_a_lenient_decoder_takes_is_refused(name, decoder):
    data, code = odd_streams()[name]
    with pytest.raises(Fault) as caught:
        decode_checked(data, parse_header(io.BytesIO(data).read), decoder)
    assert caught.value.code == code


@pytest.mark.parametrize("samples", [16, 4095, 4096, 4097, 300_000])
@pytest.mark.parametrize("loud", [0.0, 0.3])
def test_the_frames_of_an_encoder_run_on(samples, loud, decoder):
    sound = loud * np.random.default_rng(samples).uniform(-1, 1, (samples, 2))
    data = flac(sound)
    pcm = decode_checked(data, parse_header(io.BytesIO(data).read), decoder)
    assert len(pcm.samples) == samples


def test_no_more_is_decoded_than_is_asked_for(decoder):
    assert len(decoder.decode(good_files()["S10001_L0001_remix.flac"], 99, 2, 16).samples) == 100


@pytest.mark.parametrize(
    ("child", "message"),
    [
        ("import time; time.sleep(60)", "more than 0.5 s"),
        ("import os; os.abort()", "crashed"),
        ("import sys; sys.stdin.buffer.read(9); print('nonsense' * 99)", "crashed"),
        ("pass", "crashed"),
    ],
)
def test_a_child_that_fails_is_a_finding_and_the_next_file_has_a_new_one(child, message):
    with Decoder(seconds=0.5, command=(sys.executable, "-c", child)) as decoder:
        for _ in range(2):
            with pytest.raises(Fault, match=message) as caught:
                decoder.decode(bytes(2**20), 100, 2, 16)
            assert caught.value.code == "decoder_stopped"


def test_zips_and_folders_are_checked_without_what_only_posix_has(tmp_path, monkeypatch):
    """As on Windows: no os.pread, none of the flags, and a decoder without limits, which is said."""
    for name in ("pread", "O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW"):
        monkeypatch.delattr(os, name)
    monkeypatch.setattr("haaqinet_eval.submissions.decoding.find_spec", lambda name: None)
    child = "import sys; sys.modules['resource'] = None; from haaqinet_eval.submissions import decoder as d; "
    with (
        Decoder(command=(sys.executable, "-c", child + "d.seal = tuple; d.main()")) as decoder,
        pytest.warns(RuntimeWarning, match="open only zips that you trust"),
    ):
        assert validate(with_files({})(tmp_path), challenge(), decoder=decoder) == []


def test_the_child_may_not_take_all_memory():
    code = (
        "from haaqinet_eval.submissions import decoder as d, limits\n"
        "import numpy, tempfile\n"
        "d.limit_process()\n"
        "try: numpy.ones(limits.DECODE_MEMORY_BYTES)\n"
        "except MemoryError: print('no memory')\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "no memory\n"


def test_an_accepted_file_is_read_for_scoring_as_from_a_folder(tmp_path):
    name = "S10001_L0001_remix.flac"
    with Submission(with_files({})(tmp_path), challenge()) as submission:
        samples = submission.read_enhanced(name, STEREO, FRAMES / RATE)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, soundfile.read(io.BytesIO(good_files()[name]), dtype="float32")[0])


def test_reading_for_scoring_checks_again(tmp_path):
    name = "S10001_L0001_remix.flac"
    with Submission(with_files({name: flac(output(*PAIRS[0]))[:-100]})(tmp_path), challenge()) as submission:
        for wanted, seconds, file, code in (
            (STEREO, 1.5, name, "corrupt_audio"),
            (STEREO, 3.0, name, "wrong_length"),
            (STEREO, 1.5, "none.flac", "missing_file"),
            (EnhancedFormat(24000, 2), 1.5, name, "wrong_sample_rate"),
            (EnhancedFormat(RATE, 1), 1.5, name, "wrong_channels"),
        ):
            with pytest.raises(Unscorable) as caught:
                submission.read_enhanced(file, wanted, seconds)
            assert caught.value.code == code


def test_a_side_car_scales_only_where_the_challenge_has_them(tmp_path):
    path = with_files({"S10001_L0001_remix.txt": b"0.5"})(tmp_path)
    with Submission(path, challenge(side_cars=True)) as submission:
        plain = submission.read_enhanced("S10001_L0001_remix.flac", STEREO, 1.5)
        scaled = submission.read_enhanced("S10001_L0001_remix.flac", EnhancedFormat(RATE, 2, True), 1.5)
    np.testing.assert_array_equal(scaled, 0.5 * plain)


def test_names_match_in_either_unicode_form_with_spaces_and_marks(tmp_path, decoder):
    names = ["L1/Artiste - Été & l'hiver/x.flac", "L1/Johnny Lokke - Promises & Lies/y 1.5.flac"]
    wanted = Expectation("s", "L1", REMIX, RATE, 2, 1.5)
    expected = ExpectedFiles("test", dict.fromkeys(names, wanted), frozenset({"L1"}), lambda name: None)
    nfd = names[0].replace("É", "E\u0301").replace("é", "e\u0301")
    path = tmp_path / "a.zip"
    path.write_bytes(raw_zip([Raw(nfd, flac(output(*PAIRS[0]))), Raw(names[1], flac(output(*PAIRS[1])))]))
    assert validate(path, expected, decoder=decoder) == []


def test_twenty_thousand_members_are_checked_without_decoding(tmp_path):
    data = raw_flac(pcm(frames=16), total=FRAMES)
    names = [f"S{scene}_L{listener:04}_remix.flac" for scene in range(1000) for listener in range(20)]
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names[:-1]:
            archive.writestr(name, data)
    wanted = Expectation("s", "L", REMIX, RATE, 2, 1.5)
    expected = ExpectedFiles("test", dict.fromkeys(names, wanted), frozenset({"L"}), lambda name: None)
    start = time.perf_counter()
    findings = validate(path, expected, deep=False)
    print(f"{time.perf_counter() - start:.1f} s for {len(names)} members")
    assert [f.file for f in findings if f.code == "missing_file"] == [names[-1]]
