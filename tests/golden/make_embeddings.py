"""Writes embeddings.json: what the authors' own packages make of one made-up sound.

python make_embeddings.py musicnn    # needs musicnn 0.1.0 with tensorflow<2.16, librosa
python make_embeddings.py vggish     # needs torchvggish 0.2, torch; its weights are drawn here, by a seed
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

PLACE = Path(__file__).with_name("embeddings.json")
RATE = 16_000


def sound(seconds=6.2):
    """A gliding tone with harmonics, and noise, quiet enough for musicnn's half precision: [T]."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(200 + 150 * np.sin(2 * np.pi * 0.4 * t)) / RATE
    tone = sum(np.sin(k * phase) / k for k in (1, 2, 3, 5, 8))
    return 0.02 * tone * (1 + np.sin(2 * np.pi * 2 * t)) + 0.002 * np.random.RandomState(0).standard_normal(
        len(t)
    )


def musicnn():
    """The penultimate layer, [N, 200], a patch of 3 s each."""
    from musicnn import configuration
    from musicnn.extractor import extractor

    configuration.BATCH_SIZE = 8  # of later batches it repeats the first one's layer
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "sound.wav")
        soundfile.write(place, sound(), RATE, subtype="FLOAT")
        found = extractor(str(place), model="MTT_musicnn", extract_features=True)[2]["penultimate"]
    return np.round(found.astype(float), 5).tolist()


def vggish():
    """Log mel examples, a few values; and embeddings of weights from a seed."""
    import torch
    from torchvggish import torchvggish, vggish_input

    examples = vggish_input.waveform_to_examples(sound(), RATE)
    torch.manual_seed(0)
    net = torchvggish._vgg().eval()
    with torch.no_grad():
        found = net(examples)
    return {
        "examples": examples[:, 0, ::19, ::9].tolist(),
        "vectors": found.double().numpy().round(8).tolist(),
    }


if __name__ == "__main__":
    held = json.loads(PLACE.read_text()) if PLACE.exists() else {}
    name = sys.argv[1]
    held[name] = {"musicnn": musicnn, "vggish": vggish}[name]()
    PLACE.write_text(json.dumps(held, indent=None) + "\n")
