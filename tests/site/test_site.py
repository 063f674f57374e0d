"""The static copy of the board: complete, escaped, valid, the same each time."""

import json
import re
import sys
from xml.etree import ElementTree

import board_store
import pytest
from typer.testing import CliRunner

from haaqinet_eval import InputError
from haaqinet_eval.cli.commands import app
from haaqinet_eval.site import cadenza_standings, export_site, site_files
from haaqinet_eval.store import open_store, published, standings

NAME = f"{board_store.CHALLENGE}-{board_store.SPLIT}"


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    store = open_store(str(folder / "store.sqlite"))
    board_store.fill(store, folder)
    yield store
    store.close()


@pytest.fixture(scope="module")
def files(full):
    return site_files(full)


def tables(page):
    """Tables of a page: caption and rows of texts, the heads first; a page that is not well-formed fails."""
    root = ElementTree.fromstring(page)
    return [
        (
            "".join(table.find("caption").itertext()),
            [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")],
        )
        for table in root.iter("table")
    ]


def test_standings_keep_scorers_and_the_incomplete_apart(full, files):
    root = ElementTree.fromstring(files["index.html"])
    heads = [head.text for head in root.iter("h3")]
    assert "leads by HAAQI with" in files["index.html"]
    assert heads[:2] == ["HAAQI (intrusive), version example-1", "HAAQI-Net (predicted), version example-2"]
    assert "(scored elsewhere)" in heads[2]
    found = [t for t in tables(files["index.html"]) if not t[0].startswith("Mean, 95 %")]
    expected = [
        e for e in standings(full, board_store.CHALLENGE) if e.scorer == "haaqi" and e.origin == "here"
    ]
    caption, (head, *rows) = found[0]
    assert caption == "Every expected trial has a score"
    assert [row[head.index("Mean")] for row in rows] == [
        f"{e.mean:.4f}" for e in expected if e.mean is not None
    ]
    assert head[0] == "Rank"
    predicted = next(rows for name, rows in found if "Rank" not in rows[0] and "Mean" in rows[0])
    names = [(row[0], row[1]) for row in predicted[1:]]
    assert names == sorted(names) != []  # the predicted scores of rebalanced music: no rank, by name
    assert files["index.html"].count("Not ranked: HAAQI-Net hears the output alone") == 1
    first = next(e for e in expected if e.rank == 1)
    row = next(row for row in rows if row[0] == "1")
    assert row[head.index("95 % interval")] == f"{first.low:.4f} to {first.high:.4f}"
    assert row[head.index("Coverage")] == "48 of 48 (100.0%)"
    caption, (head, *rows) = found[1]
    assert caption.startswith("Not ranked")
    reasons = {row[head.index("System")]: row[head.index("Reason")] for row in rows}
    assert "silent_file 9" in reasons["half"]
    assert reasons["crashed"] == "the scorer's weights are missing"


def test_published_averages_refusals_and_limits_stand_apart(full, files):
    found = dict(tables(files["index.html"]))
    rows = found[f"{board_store.CHALLENGE}, test set"]
    assert len(rows) == 1 + len(published(full, board_store.CHALLENGE))
    assert not any("damaged" in text for text in files.values())  # what was refused is nobody's business
    assert "cannot know the target gains" in files["index.html"]


def test_names_are_text_and_nothing_comes_from_elsewhere(files):
    for name, page in files.items():
        if name.endswith(".html"):
            root = ElementTree.fromstring(page)
            assert not {"script", "link", "iframe", "b", "form"} & {e.tag for e in root.iter()}, name
            for element in root.iter():
                assert element.get("src", "data:").startswith("data:"), name
                target = element.get("href", "").removeprefix("../")
                assert target == "" or target in files, target
    rows = [row for _, found in tables(files["index.html"]) for row in found]
    assert any(board_store.NASTY in row for row in rows)


def test_a_page_of_rules(files):
    page = ElementTree.fromstring(files["rules/cad_icassp_2024.html"])
    assert "rules/cad_icassp_2024.html" in files["index.html"]
    items = ["".join(item.itertext()) for item in page.iter("li")]
    assert len(items) >= 10
    assert any(item.startswith("Level: 65") for item in items)
    assert "`" not in "".join(items)


def test_a_page_per_submission_with_means_by_group(full, files):
    entry = next(e for e in standings(full, board_store.CHALLENGE) if e.system == "stream")
    found = dict(tables(files[f"systems/{entry.submission}.html"]))
    assert [row[0][:9] for row in found["Scores"][1:]] == ["HAAQI (in", "HAAQI-Net"]
    assert len(found["By listener"]) == 1 + 2 * len(board_store.LISTENERS)
    assert found["About the system"][1][:3] == ["yes", "no", "1200000"]


def test_a_page_says_which_system_is_best_for_whom(full, files):
    heat, severity, listeners, pairs = (rows for _, rows in tables(files[f"best/{NAME}.html"]))
    people = list(board_store.LISTENERS)  # in order of hearing loss
    assert [row[0][:5] for row in heat[1:]] == people
    assert [row[0] for row in listeners[1:]] == people
    starred = [row for row in heat[1:] if sum("★" in cell or "☆" in cell for cell in row) == 1]
    assert len(starred) == len(people)
    assert severity[1][0] == "no hearing loss"
    assert (
        len(pairs)
        == len(pairs[0])
        == 1
        + sum(
            e.scorer == "haaqi" and e.mean is not None and e.origin == "here"
            for e in standings(full, board_store.CHALLENGE)
        )
    )


def test_charts_are_pictures_of_the_systems_that_are_ranked_and_need_no_script(full, files, monkeypatch):
    figures = ElementTree.fromstring(files["index.html"]).findall(".//figure")
    captions = ["".join(f.find("figcaption").itertext()) for f in figures]
    assert captions[0].startswith("Mean over the day")
    costs = next(
        f for f, told in zip(figures, captions, strict=True) if told.startswith("Mean over parameters")
    )
    drawn = {text for text in costs.itertext() if text.strip()}
    assert {"separate", "stream", "Parameters", "Mean HAAQI"} <= drawn
    assert "ideal" not in drawn  # a reference competes with nobody
    said = [e.get("aria-label", "") for e in costs.iter() if e.get("aria-roledescription") == "point"]
    assert any(re.search(r"Parameters: 83[,.]?6", text) for text in said)
    assert not [e for f in figures for e in f.iter() if e.get("clip-path")]  # whose names would clash
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert "Charts are left out" in site_files(full)["index.html"]


def test_json_has_the_records_and_the_cadenza_sites_format(full, files):
    records = json.loads(files[f"standings/{NAME}.json"])
    assert len(records) == len(standings(full, board_store.CHALLENGE))
    table = json.loads(files[f"cadenza/{NAME}.json"])
    assert set(table) == {"defaultSort", "format", "data"}
    fields = [column["dataField"] for column in table["format"]]
    assert all(set(column) == {"dataField", "text", "sort"} for column in table["format"])
    assert table["defaultSort"]["field"] in fields
    assert all(list(row) == fields for row in table["data"])
    assert [row["id"] for row in table["data"]][:2] == ["ideal", "separate"]
    assert [row["rank"] for row in table["data"]][:2] == [None, 1]
    assert not {"half", "crashed", "elsewhere"} & {row["id"] for row in table["data"]}


def test_the_same_store_gives_the_same_bytes_and_a_copy_is_replaced(full, files, tmp_path):
    out = tmp_path / "site"
    assert export_site(full, out) == len(files)
    record = json.loads((out / "site.json").read_text())
    others = {"CNAME": "board.example.org", "systems/mine.html": "mine", "../thesis.txt": "keep"}
    neighbours = ("site.old", "site.part", ".site.part")
    for name in neighbours:
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("keep")
    for name, text in others.items():
        (out / name).write_text(text)
    (out / "systems/999.html").write_text("of an earlier copy")
    record["files"] += ["systems/999.html", "../thesis.txt", "CNAME", 7]
    (out / "site.json").write_text(json.dumps(record))
    assert export_site(full, out) == len(files)
    written = {str(p.relative_to(out)): p.read_text(encoding="utf-8") for p in out.rglob("*") if p.is_file()}
    assert (tmp_path / "thesis.txt").read_text() == "keep"
    assert written == {**files, "CNAME": "board.example.org", "systems/mine.html": "mine"}
    assert all((tmp_path / name / "thesis.txt").read_text() == "keep" for name in neighbours)
    assert {path.name for path in tmp_path.iterdir()} == {"site", "thesis.txt", *neighbours}


def test_a_folder_that_is_no_copy_is_left_alone(full, tmp_path):
    (tmp_path / "thesis.txt").write_text("keep")
    with pytest.raises(InputError, match="is no earlier copy of a board"):
        export_site(full, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "keep"


def test_an_empty_store_says_so_and_no_rows_are_a_table_without_data(tmp_path):
    open_store(str(tmp_path / "new.sqlite")).close()
    result = CliRunner().invoke(
        app, ["export-site", "--store", str(tmp_path / "new.sqlite"), "--out", str(tmp_path / "site")]
    )
    assert result.exit_code == 0
    assert "Wrote 2 files" in result.output
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    ElementTree.fromstring(page)
    assert "The store is empty." in page
    assert cadenza_standings([])["data"] == []
