"""Files written whole or not at all, text whatever its encoding, JSON without repeated keys."""

import errno
import json
import os
from types import SimpleNamespace

import pytest

from haaqinet_eval.errors import InputError, Stopped
from haaqinet_eval.io.files import read_text, whole, write_text, written
from haaqinet_eval.io.jsonfile import json_text, read_json, write_json
from haaqinet_eval.scores.frames import merge_frames
from haaqinet_eval.training.curves import PANELS, plot_curves


def fail(error):
    raise error


def write_half(path, error):
    with written(path, binary=True) as file:
        file.write(b"half")
        raise error


def make_half(path, error):
    with whole(path) as part:
        part.write_text("half")
        raise error


@pytest.mark.parametrize("write", [write_half, make_half])
@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, write, error):
    path = tmp_path / "x.csv"
    write_text(path, "old")
    with pytest.raises(type(error)):
        write(path, error)
    assert read_text(path) == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "raised"), [(errno.ENOSPC, Stopped), (errno.EACCES, InputError), (errno.EROFS, InputError)]
)
def test_a_full_disk_ends_the_run_and_a_forbidden_file_is_a_mistake(tmp_path, number, raised):
    path = tmp_path / "x.csv"
    with pytest.raises(raised) as found:
        write_half(path, OSError(number, os.strerror(number)))
    assert str(found.value) == f"{path}: cannot be written: {os.strerror(number)}"
    assert list(tmp_path.iterdir()) == []


def save_checkpoint(folder):
    from haaqinet_eval.model.checkpoint import save_model
    from haaqinet_eval.model.dimensions import Dimensions
    from haaqinet_eval.model.net import HaaqiNet

    save_model(HaaqiNet(Dimensions()), folder / "x.safetensors", "x")


def save_tensors(folder):
    import torch

    from haaqinet_eval.model.state import write_tensors

    write_tensors(folder / "x.safetensors", {"a": torch.zeros(4000)}, {})


def keep_zip(folder):
    from haaqinet_eval.worker.accepting import keep_copy
    from haaqinet_eval.worker.digests import digest

    store = SimpleNamespace(is_sqlite=True, url=SimpleNamespace(database=str(folder / "store.sqlite")))
    keep_copy(store, folder / "team.zip", digest(folder / "team.zip")[0])


def keep_upload(folder):
    from leaderboard.uploads import keep

    keep(memoryview(bytes(9000)), ".zip", folder / "uploads", 9000)


def join_frames(folder):
    merge_frames([folder / "a.csv"], folder / "b.csv")


def has_files(folder):
    """A folder with what the writers read."""
    folder.mkdir()
    (folder / "team.zip").write_bytes(bytes(9000))
    (folder / "a_frames.jsonl").write_text('{"key": []}\n' * 900)
    names = ("epoch", *(name for columns in PANELS.values() for name in columns))
    write_text(folder / "curve.csv", f"{','.join(names)}\n{','.join('1' for _ in names)}\n")
    return folder


def files_in(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (save_checkpoint, "x.safetensors: cannot be written: File too large"),
        (save_tensors, "x.safetensors: cannot be written: File too large"),
        (keep_zip, r"[0-9a-f]{64}\.zip: cannot be written: File too large"),
        (keep_upload, "the upload cannot be written: File too large"),
        (join_frames, "b_frames.jsonl: cannot be written: File too large"),
        (plot_curves, "curve.png: cannot be written: File too large"),
    ],
)
def test_what_does_not_fit_on_the_disk_leaves_no_half_file(tmp_path, write, said):
    """The kernel refuses to write beyond a limit, as it does on a full disk."""
    resource = pytest.importorskip("resource")
    roomy, full = has_files(tmp_path / "roomy"), has_files(tmp_path / "full")
    write(roomy)
    assert len(files_in(roomy) - files_in(full)) == 1
    before, old = files_in(full), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, old[1]))
        with pytest.raises((InputError, Stopped), match=said) as found:
            write(full)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert (str(full) in str(found.value)) == (write is not keep_upload)  # no visitor is told where
    assert files_in(full) == before


def test_what_stands_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/x: cannot be written: Not a directory"):
        write_text(tmp_path / "file/x", "")
    with pytest.raises(InputError, match="is a folder, not a file to write"):
        write_text(tmp_path, "")
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        write_text(tmp_path / ("x" * 300), "")
    with pytest.raises(FileNotFoundError), written(tmp_path / "y"):
        (tmp_path / "none").read_text()  # not a fault of the file that is written
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_link_stays_a_link_permissions_stay_and_a_device_is_written_to(tmp_path):
    goal, link = tmp_path / "deep/goal", tmp_path / "link"
    write_text(goal, "old")
    goal.chmod(0o640)
    link.symlink_to(goal)
    write_text(link, "new\r\n")
    assert link.is_symlink()
    assert goal.read_bytes() == b"new\r\n"
    assert goal.stat().st_mode & 0o777 == 0o640
    write_text("/dev/null", "lost")
    assert not os.path.isfile("/dev/null")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_in_the_encoding_that_its_mark_says(tmp_path, encoding):
    path = tmp_path / "x.json"
    path.write_bytes('{"é": [1]}'.encode(encoding))
    assert read_json(path, dict) == {"é": [1]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n"é": 1}'.encode("latin-1"), "x.json, line 2: byte 0xE9 is not UTF-8 text; save the file as"),
        ('{"é": 1}'.encode("utf-16-le"), "x.json: holds NUL bytes: no text, or UTF-16 without a mark"),
        ('{"é": 1}'.encode("utf-16")[:-1], "x.json, line 1: byte 0x7D is not UTF-16 text"),
        (b'{"a": 1,\n "b": {"a": 2, "a": 3}}', "line 2 column 16: 'a' is there twice; first at line 2 col"),
        (b'{"a": "\\"b\\": {",\n"b": [{"a": 1}],\n "\\u0061": 2}', "line 3 column 2: 'a' is there twice"),
        (b"[1", "x.json: not a JSON file: Expecting ',' delimiter: line 1 column 3"),
        (b"[1]", "x.json: expected an object, not list"),
    ],
)  # fmt: skip
def test_what_is_no_sound_json_is_told_with_its_place(tmp_path, content, said):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError) as error:
        read_json(tmp_path / "x.json", dict)
    assert said in str(error.value)


def test_json_that_is_written_is_json_for_everybody(tmp_path):
    value = {"lcc": float("nan"), "limits": (float("-inf"), 0.5), "é": [None, True]}
    write_json(tmp_path / "x.json", value)
    read = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"), parse_constant=fail)
    assert read == {"lcc": None, "limits": [None, 0.5], "é": [None, True]}
    assert json_text(value, indent=None).count("\n") == 0
