"""Whatever the bytes are: findings or none, no exception, bounded memory."""

import tracemalloc

import pytest
from bad_parts import FIRST, challenge, good_files, with_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_flac import metadata_block, streaminfo
from raw_zip import Raw, raw_zip

from haaqinet_eval.submissions import Finding, validate
from haaqinet_eval.submissions.decoding import Decoder

MOST_BYTES = 64 * 2**20  # at one time, in this process
FUZZ = settings(
    derandomize=True, max_examples=40, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
POKES = st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 255)), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def decoder():
    with Decoder(seconds=20) as decoder:
        yield decoder


def check(data: bytes, folder, decoder) -> list[Finding]:
    path = folder / "fuzz.zip"
    path.write_bytes(data)
    tracemalloc.start()
    findings = validate(path, challenge(compare=False), decoder=decoder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_BYTES
    assert all(isinstance(item, Finding) for item in findings)
    return findings


def poke(data: bytes, places: list[int], pokes) -> bytes:
    """Bytes at some of the places replaced."""
    out = bytearray(data)
    for at, value in pokes:
        out[places[at % len(places)]] = value
    return bytes(out)


def header_places(data: bytes) -> list[int]:
    """Where a zip's headers are: all that is not the audio."""
    directory = data.index(b"PK\1\2")
    places, at = list(range(directory, len(data))), 0
    while (at := data.find(b"PK\3\4", at, directory)) >= 0:
        places += range(at, at + 60)
        at += 1
    return places


@pytest.mark.parametrize("zip64", [False, True])
@FUZZ
@given(pokes=POKES, cut=st.integers(0, 40) | st.just(0))
def test_bytes_of_zip_headers(zip64, pokes, cut, tmp_path, decoder):
    files = [Raw(k, v, method=8, zip64=zip64) for k, v in good_files().items()]
    data = raw_zip(files, zip64)
    check(poke(data, header_places(data), pokes)[: len(data) - cut], tmp_path, decoder)


@FUZZ
@given(
    rate=st.integers(0, 2**20 - 1) | st.just(32000),
    channels=st.integers(1, 8) | st.just(2),
    bits=st.integers(1, 32) | st.just(16),
    total=st.integers(0, 2**36 - 1) | st.integers(0, 10**5),
    block=st.integers(0, 2**16 - 1) | st.just(4096),
    blocks=st.lists(st.tuples(st.integers(1, 127), st.binary(max_size=60)), max_size=3),
)
def test_fields_of_streaminfo(rate, channels, bits, total, block, blocks, tmp_path, decoder):
    head = metadata_block(0, streaminfo(rate, channels, bits, total, b"\1" * 16, block), not blocks)
    for i, (kind, body) in enumerate(blocks):
        head += metadata_block(kind, body, i == len(blocks) - 1)
    good = good_files()[FIRST]
    start = 4 + 38 + 4 + int.from_bytes(good[43:46], "big")
    check(with_files({FIRST: b"fLaC" + head + good[start:]})(tmp_path).read_bytes(), tmp_path, decoder)


@FUZZ
@given(pokes=POKES, cut=st.integers(0, 3000) | st.just(0))
def test_bytes_of_frames(pokes, cut, tmp_path, decoder):
    good = good_files()[FIRST]
    bad = poke(good, list(range(4, len(good))), pokes)[: len(good) - cut]
    findings = check(with_files({FIRST: bad})(tmp_path).read_bytes(), tmp_path, decoder)
    assert bad == good or findings, "a changed byte goes unnoticed"


@FUZZ
@given(data=st.binary(max_size=300))
def test_any_bytes(data, tmp_path, decoder):
    assert check(data, tmp_path, decoder)
