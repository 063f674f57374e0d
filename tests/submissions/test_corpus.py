"""Every bad input of the corpus gets its code, and the good submission gets none."""

import pytest
from bad_inputs import CASES, ELSEWHERE
from bad_parts import challenge, good_files, with_files

from haaqinet_eval.submissions import CODES, validate
from haaqinet_eval.submissions.decoding import Decoder


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as decoder:
        yield decoder


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}-{case.title}")
def test_each_bad_input_has_its_code(case, tmp_path, decoder):
    findings = validate(case.build(tmp_path), challenge(case.side_cars), decoder=decoder)
    assert all(f.severity == CODES[f.code][0] for f in findings)
    if case.code is None:
        assert [f for f in findings if f.severity == "error"] == []
    else:
        assert case.code in {f.code for f in findings}, findings


def test_the_good_submission_has_no_finding(tmp_path, decoder):
    assert validate(with_files({})(tmp_path), challenge(), decoder=decoder) == []


def test_a_folder_is_as_good_as_a_zip(tmp_path, decoder):
    for name, data in good_files().items():
        (tmp_path / name).write_bytes(data)
    assert validate(tmp_path, challenge(), decoder=decoder) == []


@pytest.mark.parametrize("number", range(1, 89))
def test_every_number_of_the_list_is_there(number):
    if number in ELSEWHERE:
        pytest.skip(f"{number}, {ELSEWHERE[number]}")
    assert any(case.number == number for case in CASES)
