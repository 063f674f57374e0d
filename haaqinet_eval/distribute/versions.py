"""Which packages scores depend on, and in which versions they are here."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "haaqinet-eval",
    "numpy",
    "scipy",
    "numba",
    "soxr",
    "soundfile",
    "pyloudnorm",
    "pyclarity",
    "torch",
)
PARTS = (
    "audio",
    "audiogram",
    "cadenza",
    "embeddings",
    "evaluate",
    "haaqi",
    "haspi",
    "hasqi",
    "inference",
    "io",
    "mixture_aware",
    "model",
    "nalr",
    "registry",
    "scorers",
    "submissions",
    "trials",
)


@cache
def _code() -> str:
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0].removesuffix(".py") not in PARTS:
            continue
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that scores depend on, where installed."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def worker_versions() -> dict[str, str]:
    """The same with a digest of the code that makes scores, which an editable installation may change."""
    return {**package_versions(), "haaqinet-eval code": _code()}
