"""Model card and data card: the command writes their figures, and nothing else of them."""

import csv
import shutil

import numpy as np
import pytest
import torch
from paper_trials import fill
from places import ROOT
from scripts import run_script

from haaqinet_eval import InputError
from haaqinet_eval.model import Dimensions, HaaqiNet, model_version, save_model, sha256
from haaqinet_eval.training.cache import read_split
from haaqinet_eval.training.cards import read_card, updated
from haaqinet_eval.training.measures import predict

PAGE = """---
license: mit
---
# Card

By hand --- here.
<!-- figures: begin -->
old
<!-- figures: end -->
And here.
"""
ROWS = [
    ["a.ogg", "folk", "Song, one", "A", "repo/a", "train", "CC-BY-4.0", "20"],
    ["b.ogg", "folk", "Song, one", "A", "repo/a", "train", "CC-BY-4.0", "16"],
    ["c.ogg", "rock", "Two", "B", "repo/b", "test", "CC0", "36"],
]


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "card.md"
    path.write_text(PAGE)
    return path


def test_only_metadata_and_blocks_change(page):
    page.write_text(updated(page, {"model-index": [{"name": "é"}]}, {"figures": "| a |"}))
    assert read_card(page)[0] == {"license": "mit", "model-index": [{"name": "é"}]}
    text = page.read_text()
    assert text.endswith(PAGE.split("---\n", 2)[2].replace("\nold\n", "\n\n| a |\n\n"))
    assert updated(page, {"model-index": [{"name": "é"}]}, {"figures": "| a |"}) == text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (PAGE.replace("figures", "other"), "no lines <!-- figures: begin -->"),
        (PAGE.removeprefix("---"), "no metadata between two lines"),
        (PAGE.replace("license: mit", "a: [b"), "its metadata are no YAML"),
        (None, "no such file"),
    ],
)
def test_a_page_without_a_place_for_figures_is_left_as_it_is(page, content, told):
    page.unlink() if content is None else page.write_text(content)
    with pytest.raises(InputError, match=told):
        updated(page, {}, {"figures": "new"})
    assert content is None or page.read_text() == content


def test_the_command_writes_both_pages_and_the_credits(tmp_path):
    trials, music = tmp_path / "trials", tmp_path / "music"
    for split, groups in (("train", 2), ("validation", 1), ("test", 3)):
        fill(trials, split, groups)
    music.mkdir()
    with (music / "index.csv").open("w", newline="") as file:
        head = "path,genre,title,artist,source_repo,split,licence,duration_s"
        csv.writer(file).writerows([head.split(","), *ROWS])
    for row in ROWS:
        (music / row[0]).parent.mkdir(exist_ok=True)
        (music / row[0]).touch()
    torch.manual_seed(0)
    net = HaaqiNet(Dimensions(filters=4, channels=(4, 4, 4), features=8)).eval()
    save_model(net, tmp_path / "tiny.safetensors", "tiny")
    for name in ("model_card.md", "data_card.md"):
        shutil.copy(ROOT / "docs" / name, tmp_path)
    places = [
        f"{key}={tmp_path / name}" for key, name in (("weights", "tiny.safetensors"), ("trials", "trials"))
    ]
    places += [f"{name}={tmp_path / name}.md" for name in ("model_card", "data_card")]
    noises = ["path,kind,source,licence", "a,crowd,several,CC0", "b,rain,game,CC0", "c,rain,other game,GPL"]
    (tmp_path / "noises.csv").write_text("\n".join([*noises, "d,crowd,several,CC0", "e,rain,game,CC0"]))
    places += [f"noises={tmp_path / 'noises.csv'}"]
    recipe = ROOT / "recipes" / "haaqinet" / "cards.py"
    command = [recipe, *places, f"credits={tmp_path / 'credits.csv'}", f"data.root={music}"]
    done = run_script(*command, check=True)
    assert "12 trials, LCC" in done.stdout
    found = read_split(trials, "test")
    lcc = np.corrcoef(predict(net, found)[:, 0], found.labels[:, 0])[0, 1]
    metadata, text = read_card(tmp_path / "model_card.md")
    result = metadata["model-index"][0]["results"][0]
    assert result["metrics"][0] == {"type": "pearsonr", "value": pytest.approx(lcc, abs=1e-4)}
    assert f"`{model_version(tmp_path / 'tiny.safetensors')}`" in text
    assert sha256(tmp_path / "tiny.safetensors") in text
    assert f"| score | 12 | {lcc:.3f} |" in text
    _, text = read_card(tmp_path / "data_card.md")
    assert "| train | 2 | 1 | 1 | 0.0 |" in text
    assert "| test | 12 | 3 | 4 | 3 |" in text
    with (tmp_path / "credits.csv").open(newline="") as file:
        credits = list(csv.DictReader(file))
    assert credits[0] == {
        "title": "Song, one",
        "artist": "A",
        "source": "repo/a",
        "licence": "CC-BY-4.0",
        "split": "train",
    }
    assert [row["source"] for row in credits if row["title"] == "sounds"] == ["game", "other game"]
    assert len(credits) == 4
    assert "| rain | 3 | 2 |\n| crowd | 2 | 1 |" in text
    kept = {name: (tmp_path / f"{name}.md").read_text() for name in ("model_card", "data_card")}
    for page in kept:  # by hand: not what the command writes
        (tmp_path / f"{page}.md").write_text(kept[page].replace("| score | 12 |", "| score | 13 |"))
    (tmp_path / "data_card.md").write_text("no card")
    done = run_script(*command)
    assert done.returncode == 2
    assert "data_card.md: no metadata" in done.stderr
    assert "| score | 13 |" in (tmp_path / "model_card.md").read_text()  # nothing of it is written
    alone = [part for part in command if not str(part).startswith("data.root")]
    done = run_script(*alone)
    assert "data.root: the data card and the credits need the music" in done.stderr
    done = run_script(*alone, "data_card=null", check=True)
    assert (tmp_path / "model_card.md").read_text() == kept["model_card"]
    assert (tmp_path / "data_card.md").read_text() == "no card"


def test_the_shipped_cards_have_hugging_faces_metadata():
    metadata, _ = read_card(ROOT / "docs" / "model_card.md")
    assert {"license", "library_name", "tags", "metrics", "model-index"} <= set(metadata)
    for result in metadata["model-index"][0]["results"]:
        assert {"type", "name"} <= set(result["task"])
        assert {"type", "name"} <= set(result["dataset"])
        assert {metric["type"] for metric in result["metrics"]} == {"pearsonr", "spearmanr", "mse"}
    metadata, _ = read_card(ROOT / "docs" / "data_card.md")
    assert {"license", "pretty_name", "size_categories", "tags"} <= set(metadata)
