"""What the server has ready before the first visitor comes."""

from __future__ import annotations

import gc
from importlib import import_module
from pkgutil import iter_modules

import pandas as pd

from . import __path__, charts

SERVING = ("app", "server", "warming")  # modules that serve pages; the pages need the others
LATER = ("trial_timeline", "sound")  # these need the running server, which keeps what `sound` has read


def warm() -> None:
    """Load what the pages need, and have the garbage collector pass over it from now on.

    All that the libraries consist of, which never becomes garbage, would be looked at each time.
    """
    for module in iter_modules(__path__):
        if module.name not in SERVING + LATER:
            import_module(f"{__package__}.{module.name}")
    charts.bars(pd.DataFrame({"name": [""], "value": [0.0]}), "").to_dict()  # Altair reads its schema
    gc.collect()
    gc.freeze()
