"""Pairs of unrelated clips: who may be one, and what a head learns from them."""

import numpy as np
import pytest
import torch

from haaqinet_eval.errors import InputError
from haaqinet_eval.model.noresqa import (
    CLASSES,
    PairHead,
    class_of,
    expected_difference,
    load_noresqa,
    save_noresqa,
    smoothed,
)
from haaqinet_eval.training.non_matching import (
    PairSettings,
    Pool,
    draw_pairs,
    judge_pairs,
    read_head,
    save_head,
    train_head,
)
from haaqinet_eval.training.noresqa_page import blocks
from haaqinet_eval.training.reference_bank import against, choose_bank, clean_references, fit_model


def pool_of(count: int, seed: int, songs: int = 10) -> Pool:
    """Trials whose quality shows in one feature of twelve; of two losses, 20 dB apart, and two levels."""
    random = torch.Generator().manual_seed(seed)
    true = torch.rand(count, generator=random)
    features = torch.randn(count, 12, generator=random)
    features[:, 3] = 4 * true + 0.1 * features[:, 3]
    rows = torch.arange(count)
    loss = (20.0 * (rows % 2))[:, None].expand(-1, 32) + torch.rand(count, 32, generator=random)
    names = np.array([f"song-{row % songs}" for row in range(count)])
    return Pool(
        features=features,
        scores=torch.rand(count, generator=random),
        true=true,
        hearing_loss=loss,
        level1=65.0 + 10.0 * (rows // 2 % 2),
        songs=names,
    )


def test_a_pair_has_two_songs_one_loss_and_one_level():
    pool = pool_of(200, 1)
    first, second = draw_pairs(pool, 5, seed=1).T
    assert len(first) == 1000
    assert (pool.songs[first] != pool.songs[second]).all()
    assert ((pool.hearing_loss[first] - pool.hearing_loss[second]).abs().mean(1) <= 5).all()
    assert (pool.level1[first] == pool.level1[second]).all()


def test_trials_of_one_song_are_refused():
    with pytest.raises(InputError, match="different songs"):
        draw_pairs(pool_of(40, 1, songs=1), 5, seed=1)


def test_a_head_learns_preference_and_quantity_and_survives_the_disk(tmp_path):
    head = train_head(pool_of(600, 1), PairSettings(epochs=12, rate=4e-3))
    save_head(head, tmp_path / "head.safetensors")
    unseen = pool_of(300, 2)
    told = judge_pairs(read_head(tmp_path / "head.safetensors"), unseen, draw_pairs(unseen, 5, seed=2))
    assert told["noresqa right >= 0.1"] > 0.93
    assert told["noresqa error"] < 0.1
    assert told["haaqinet right >= 0.1"] < 0.65  # scores at random


def test_swapped_clips_turn_the_preference():
    head, (a, b) = PairHead(8).eval(), torch.randn(2, 5, 8)
    there, back = head(a, b), head(b, a)
    torch.testing.assert_close(there[0], -back[0])
    torch.testing.assert_close(there[1], back[1])


def test_smoothed_labels_are_the_papers_and_read_as_the_difference():
    labels = smoothed(class_of(torch.tensor([-0.51, 0.0, 1.0])))
    assert labels[0, 19:22].tolist() == pytest.approx([0.2, 0.6, 0.2])
    assert labels[1, :2].tolist() == pytest.approx([0.8, 0.2])
    assert labels[2, -2:].tolist() == pytest.approx([0.2, 0.8])
    assert labels.sum(1).tolist() == pytest.approx([1, 1, 1])
    assert expected_difference(labels.log())[0].item() == pytest.approx(20.5 / CLASSES)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "other.safetensors").write_bytes(b"no such file")
    with pytest.raises(InputError, match="not a safetensors file"):
        read_head(tmp_path / "other.safetensors")


def test_a_bank_scores_a_clip_by_comparison_and_is_read_again(tmp_path):
    train = pool_of(600, 1)
    head = train_head(train, PairSettings(epochs=12, rate=4e-3))
    bank = choose_bank(train, 64)
    assert len(bank.scores) == 64
    counts = np.histogram(bank.scores, bins=8, range=(0, 1))[0]
    assert counts.min() >= 6  # scores of all kinds
    near = bank.hearing_loss[bank.nearest(torch.full((32,), 20.5), 65.0, 10)]
    assert (near.mean(1) > 15).all()
    unseen = pool_of(200, 2)
    model = fit_model(
        head, bank, clean_references(pool_of(900, 5)), [pool_of(200, 3), pool_of(100, 4)], 10, "haaqinet-1"
    )
    mean, _ = against(head, bank, unseen, 10)
    assert np.corrcoef(mean, unseen.true)[0, 1] > 0.9
    save_noresqa(model, tmp_path / "model.safetensors")
    again = load_noresqa(tmp_path / "model.safetensors")
    row = unseen.features[0], unseen.hearing_loss[0], float(unseen.level1[0])
    (value, (low, high)), (other, _) = (m.score(*row) for m in (again, model))
    assert low <= value <= high
    assert abs(value - other) < 0.01  # the bank is kept in half precision
    assert abs(other - float(mean[0])) < 1e-6
    found = blocks(again, {"unseen": unseen}, 5, 1, clean_references(pool_of(900, 5)))
    assert "unseen" in found["counts"]
    shares = [float(line.split("|")[5].strip(" %")) for line in found["interval"].splitlines()[2:]]
    assert len(shares) == 2
    assert min(shares) > 80
    save_head(head, tmp_path / "head.safetensors")
    with pytest.raises(InputError, match="no NORESQA model: lacks factor, count"):
        load_noresqa(tmp_path / "head.safetensors")
