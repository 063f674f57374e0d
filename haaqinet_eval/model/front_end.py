"""All that the network hears of a signal: the ear's view, and the texture that its bands cannot show."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from ..deprecated import old_names
from .auditory import AuditoryFrontEnd
from .texture import Texture

__getattr__ = old_names(__name__)


class FrontEndOutput(NamedTuple):
    """B clips as they are heard."""

    envelope: Tensor  # [B, 32, L] dB above threshold, 250 frames/s
    spectrum: Tensor  # [B, 32] dB above threshold
    texture: Tensor  # [B, 52, 32]
    windows: Tensor | None = None  # [B, W, 52, 32], texture in windows of 0.77 s; see `windows`

    def part(self, which: list[int] | slice, frames: int) -> FrontEndOutput:
        """Some of the clips, each so many frames long."""
        windows = None if self.windows is None else self.windows[which]
        return FrontEndOutput(
            self.envelope[which, :, :frames], self.spectrum[which], self.texture[which], windows
        )


class FrontEnd(nn.Module):
    """Signals to what is heard of them; differentiable, without parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.ear, self.texture = AuditoryFrontEnd(), Texture()

    def forward(
        self, signals: Tensor, hearing_loss: Tensor, level1: Tensor, lengths: Tensor | None = None
    ) -> FrontEndOutput:
        """What is heard of signals [B, T] at 24 kHz; arguments as of `AuditoryFrontEnd`."""
        given = (signals, hearing_loss, level1, lengths)
        return FrontEndOutput(*self.ear(*given), *self.texture.with_windows(*given))
