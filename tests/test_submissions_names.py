"""Names of teams, cells of tables, and the order of findings."""

import pytest

from haaqinet_eval import InputError
from haaqinet_eval.names import clean_name, csv_safe
from haaqinet_eval.submissions import code_table
from haaqinet_eval.submissions.findings import CODES, finding, in_order
from haaqinet_eval.submissions.limits import MAX_FINDINGS_PER_CODE


@pytest.mark.parametrize(
    "name", ["Team 7", "<b>bold</b>", "[link](http://x)", "Équipe 🎻", "فريق 1", "=cmd()"]
)
def test_names_that_a_page_can_escape_are_kept(name):
    assert clean_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    ["", "   ", "a\nb", "a\x00b", "\x1b[31mred", "a\u202egnp.exe", "a\u2066b", "x" * 81, "🎻", "a\ud800"],
)
def test_names_that_change_their_surroundings_are_refused(name):
    with pytest.raises(InputError, match="team name"):
        clean_name(name)


def test_a_name_has_one_unicode_form():
    assert clean_name("e\u0301quipe") == clean_name("\u00e9quipe")


@pytest.mark.parametrize("cell", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell):
    assert csv_safe(cell) == "'" + cell


def test_other_cells_stay():
    assert [csv_safe(v) for v in ("Team 7", "", 0.5, -0.5, None)] == ["Team 7", "", 0.5, -0.5, None]


def test_every_code_has_a_severity_and_a_meaning():
    assert all(
        severity in ("error", "warning", "note") and text.endswith(".") for severity, text in CODES.values()
    )
    assert len(code_table().splitlines()) == len(CODES)


def test_findings_are_ordered_and_counted_where_there_are_too_many():
    many = [finding("missing_file", f"{i:05}", "is missing") for i in range(MAX_FINDINGS_PER_CODE + 7)]
    first = in_order([finding("junk_file", "x", "x"), *many])
    assert first == in_order([*reversed(many), finding("junk_file", "x", "x")])
    assert [f.code for f in first[-2:]] == ["junk_file", "more_findings"]
    assert "missing_file: 7 more" in first[-1].message
    assert len(first) == MAX_FINDINGS_PER_CODE + 2
