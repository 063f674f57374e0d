"""Secrets appear in no message and no record, places of the computer in nothing that is public."""

import json
from types import SimpleNamespace

import pytest

from haaqinet_eval import InputError, Unscorable
from haaqinet_eval.cadenza.fingerprints import Fingerprints
from haaqinet_eval.cadenza.provenance import RunRecord
from haaqinet_eval.distribute import Log
from haaqinet_eval.errors import Stopped
from haaqinet_eval.io.redaction import public, public_text, redact

pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed")

from haaqinet_eval.store.opening import Store, _parse

SECRET = "geheim7"


class Nothing:
    """A plan of no rows."""

    keys, pairs, systems, scorers, challenge = (), (), {}, {}, SimpleNamespace(stems=())


TEXTS = [
    f"postgresql://round:{SECRET}@db/round",
    f"postgresql://db/round?user=round&password={SECRET}",
    f"host=db password='{SECRET} 2' user=round",
    f"s3://AKIA123:{SECRET}@bucket/music",
    f"https://{SECRET}@host/music: no such file",
    rf"path.root=https\://round\:{SECRET}@host/music",
    f"https://host/a.wav?X-Amz-Credential=a&X-Amz-Signature={SECRET}&x=1",
    f"https://account.blob/a.wav?sv=1&sig={SECRET}",
    f"gs://bucket/a?access_token={SECRET}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_no_message_and_no_record_has_a_secret(text, tmp_path):
    assert SECRET not in redact(text)
    for kind in (InputError, Stopped):
        assert SECRET not in str(kind(f"{text}: cannot be read"))
    assert SECRET not in Unscorable("corrupt_file", f"{text}: no").message
    record = RunRecord(tmp_path / "run.json", "c", {"music": text}, True)
    record.start(
        Nothing(), config={"path": {"music_dir": text}, "options": {"password": SECRET, "keys": [text]}}
    )
    Log(tmp_path / "log.jsonl").start(1, 0, message=text)
    written = (tmp_path / "run.json").read_text()
    assert SECRET not in written + (tmp_path / "log.jsonl").read_text()
    assert json.loads(written)["runs"][0]["config"]["options"]["password"] == "***"


def test_a_store_is_named_without_its_password():
    for url in TEXTS[:2]:
        assert SECRET not in Store(_parse(url), None).name


def test_files_behind_a_url_with_a_password_are_noted_without_it_and_found_again(tmp_path):
    url = f"memory://round:{SECRET}@music"
    notes = tmp_path / "references.csv"
    notes.write_text("file,size,mtime_ns,sha256\nmemory://round:***@music/a.wav,1,1,b\n")
    found = Fingerprints(notes, tmp_path, [url])
    assert [found._name(str(place)) for place in found] == ["memory://round:***@music/a.wav"]
    assert [SECRET in str(place) for place in found] == [True]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/srv/my round/team.zip: has changed", "team.zip: has changed"),
        ("store /srv/a b/x.sqlite: its disk is full", "store x.sqlite: its disk is full"),
        ("cannot open '/srv/x/y.wav' (C:\\data\\z.wav)", "cannot open 'y.wav' (z.wav)"),
        (f"https://{SECRET}@host:8080/a/b.wav: 404", "b.wav: 404"),
        ("tcp://10.0.0.1:8786: the scheduler is gone", "(path): the scheduler is gone"),
        ("\\\\server\\share\\f.wav: gone", "f.wav: gone"),
        ("3/4 of team / system and/or S1_L1.flac: 3.0 s", "3/4 of team / system and/or S1_L1.flac: 3.0 s"),
    ],
)
def test_what_is_public_names_no_place(text, shown):
    assert public_text(text) == shown


def test_places_that_are_known_may_have_spaces():
    text = "scene S1 of /srv/my data/audio/a.wav and /srv/my data"
    assert public_text(text, ["/srv/my data"]) == "scene S1 of audio/a.wav and my data"


def test_a_public_record_has_neither_paths_nor_secrets():
    record = {
        "root": "C:\\round",
        "config": {"music": f"s3://k:{SECRET}@b/c", "rate": 32000, "token": SECRET},
        "/srv/x.json": ["~/y", "file:///srv/y", "32 kHz"],
    }
    assert public(record) == {
        "root": "(path)",
        "config": {"music": "(path)", "rate": 32000, "token": "***"},
        "x.json": ["(path)", "(path)", "32 kHz"],
    }
