"""What the wheel says of its licences: the code's and the weights'."""

import tomllib

from places import ROOT

WEIGHTS = ROOT / "haaqinet_eval" / "weights"


def test_the_weights_licence_names_each_of_them_and_what_it_is():
    text = (WEIGHTS / "LICENSE").read_text()
    named = {line.strip() for line in text.splitlines() if line.endswith(".safetensors")}
    assert named == {path.name for path in WEIGHTS.glob("*.safetensors")}
    for said in ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/", "hold no audio"):
        assert said in text
    for page in ("docs/model_card.md", "docs/model_card_target.md", "docs/joint.md", "docs/credits.csv"):
        assert page in text
        assert (ROOT / page).is_file()
    assert "\nlicense: cc-by-sa-4.0\n" in (ROOT / "docs" / "model_card.md").read_text()


def test_the_wheel_has_both_licences():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, packaging = options["project"], options["tool"]["setuptools"]
    assert project["license"] == "MIT AND CC-BY-SA-4.0"
    assert project["license-files"] == ["LICENSE", "haaqinet_eval/weights/LICENSE"]
    assert all((ROOT / file).is_file() for file in project["license-files"])
    assert "weights/LICENSE" in packaging["package-data"]["haaqinet_eval"]  # beside them, too
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
