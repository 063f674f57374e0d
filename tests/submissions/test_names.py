"""Names of teams, cells of tables, and the order of findings."""

import pytest

from haaqinet_eval import InputError
from haaqinet_eval.io.names import clean_name, clean_note, csv_safe, look
from haaqinet_eval.submissions import code_table, to_json
from haaqinet_eval.submissions.findings import CODES, finding, in_order
from haaqinet_eval.submissions.limits import MAX_FINDINGS_BYTES, MAX_FINDINGS_PER_CODE

PLAIN = ["Team 7", "<b>bold</b>", "[link](http://x)", "Équipe 🎻", "فريق 1", "=cmd()", "Nguyễn"]
SHAPED = ["Team 👩\u200d🔬", "Team ❤\ufe0f", "می\u200cخواهم", "क्\u200dष"]  # by characters that do not show


@pytest.mark.parametrize("name", PLAIN + SHAPED)
def test_names_that_a_page_can_escape_are_kept(name):
    assert clean_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    ["", "   ", "a\nb", "a\x00b", "\x1b[31mred", "a\u202egnp.exe", "a\u2066b", "x" * 81, "🎻", "a\ud800"]
    + [f"Team{c}7" for c in "\u200d\u200c\u3164\u115f\u2800\ufe0f\u034f\u200b"]
    + ["Te\u0336\u0335\u0334am"],
)
def test_names_that_change_their_surroundings_are_refused(name):
    with pytest.raises(InputError, match="team name"):
        clean_name(name)


def test_a_name_has_one_unicode_form():
    assert clean_name("e\u0301quipe") == clean_name("\u00e9quipe")


@pytest.mark.parametrize("other", ["team 7", "Теаm 7", "Ｔeam 7", "Team_7", "Tеam7"])
def test_names_that_are_taken_for_one_another_look_the_same(other):
    assert clean_name(other) != "Team 7"
    assert look(other) == look("Team 7")
    assert look("Team l") == look("Team I") == look("Team 1") != look("Team 2")


@pytest.mark.parametrize("note", ["a\0b", "\x1b[2J", "a\u202eb", "x" * 2001])
def test_a_note_can_be_stored_and_shown(note):
    with pytest.raises(InputError, match="note"):
        clean_note(note)
    assert clean_note("two\nlines, שלום 🎻") == "two\nlines, שלום 🎻"


@pytest.mark.parametrize("cell", ["x;=1", "x\t@y", "x|＝1", 'x; "=1'])
def test_no_part_of_a_cell_is_a_formula_in_another_country(cell):
    at = min(cell.index(c) for c in ";\t|" if c in cell) + 1
    assert csv_safe(cell) == cell[:at] + "'" + cell[at:]


@pytest.mark.parametrize(
    "cell", ["=cmd()", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\ufeff=1", '"=1']
)
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


def test_no_finding_and_no_list_of_findings_is_long():
    long = finding("extra_file", "\x1b\U000e0001" * 30_000, "é" * 60_000)
    assert len(long.file.encode()) <= 240
    assert len(long.message.encode()) <= 600
    assert long.file.endswith("… (60000 characters)")
    many = [
        finding(code, f"{i:04}" + "é" * 200, "\x00" * 500)
        for code in ("extra_file", "missing_file", "unknown_scene")
        for i in range(999)
    ]
    listed = in_order(many)
    assert len(to_json(listed).encode()) < 1.2 * MAX_FINDINGS_BYTES
    counted = {f.message.split(":")[0] for f in listed if f.code == "more_findings"}
    assert counted == {"extra_file", "missing_file", "unknown_scene"}
