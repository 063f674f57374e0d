"""HAAQI-Net: an ear's view of music to frame scores, whose mean is the score.

    signal -> FrontEnd -> envelope [B, 32, L], long-term spectrum [B, 32], texture [B, 52, 32]
    all of them and hearing loss -> what each band is like over the clip, [B, D, 32]
    the bands' description -> clip members -> the score and HAAQI's four parts, [B, 5]
    that of windows of 0.77 s -> clip members -> frame outputs in [0, 1], [B, 5, N]
    or envelope and description -> frame members -> frame outputs, where there are any

Where there are clip members, the mean of theirs is the score: they know best how good a clip is. The frames
say where it is bad, and are moved so that their mean is the score. Frame scores and their mean follow
Wisnu et al., "HAAQI-Net"; front end and members are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ..audiogram import Audiogram
from ..deprecated import old_names
from ..errors import InputError
from ..inference.frames import frame_times
from .auditory import FRAME_RATE, HOP, band_losses
from .clip import ClipMember
from .confidence import Confidence, Prediction
from .description import DESCRIPTION, describe_bands
from .dimensions import OUTPUTS, STRIDE, Dimensions
from .front_end import FrontEnd, FrontEndOutput
from .network import Network, predict_by_size
from .texture import count_windows
from .windows import as_frames, cut

__getattr__ = old_names(__name__)

TOP = 102.0  # dB above threshold; nothing above is told apart
FRAME_MEMBERS = 2  # clip members that score windows: more tell no better where it is bad


def _bounded(heard: FrontEndOutput) -> FrontEndOutput:
    return heard._replace(envelope=heard.envelope.clamp(max=TOP))


def _frame_members(dims: Dimensions) -> nn.ModuleList:
    if not dims.members:
        return nn.ModuleList()
    from .frame_member import FrameMember

    return nn.ModuleList(FrameMember(dims) for _ in range(dims.members))


class HaaqiNet(Network):
    """The whole network.

    >>> net = HaaqiNet().eval()
    >>> out = net(torch.zeros(2, 24000), torch.zeros(2, 32), torch.full((2,), 65.0))
    >>> out.shape
    torch.Size([2, 5, 8])
    """

    format = "haaqinet-2"
    frame_seconds = STRIDE / FRAME_RATE

    def __init__(self, dims: Dimensions | None = None) -> None:
        super().__init__()
        self.dims = dims or Dimensions()
        with torch.device("cpu"):  # its tables are computed even where the weights only have shapes
            self.front_end = FrontEnd()
        self.members = _frame_members(self.dims)
        size = (DESCRIPTION, self.dims.clip_channels, self.dims.dropout, len(OUTPUTS))
        self.clips = nn.ModuleList(ClipMember(*size) for _ in range(self.dims.clips))
        self.confidence = Confidence(DESCRIPTION, self.dims.music) if self.dims.confidence else None

    def forward(self, signals: Tensor, hearing_loss: Tensor, level1: Tensor) -> Tensor:
        """Frame outputs [B, 5, N] in [0, 1], one every 128 ms, in the order of `OUTPUTS`.

        Args:
            signals: [B, T] at 24 kHz: the hearing aid's output.
            hearing_loss: [B, 32] dB, see `band_losses`.
            level1: [B] dB SPL of RMS 1.
        """
        return self.score_features(self.front_end(signals, hearing_loss, level1), hearing_loss)

    def score_features(self, heard: FrontEndOutput, hearing_loss: Tensor) -> Tensor:
        """The same from what is heard, at least 32 frames of it."""
        return self.member_outputs(heard, hearing_loss)[0]

    def predict(self, heard: FrontEndOutput, hearing_loss: Tensor) -> Prediction:
        """The same, and how sure the network is, where it can tell (`dims.confidence`)."""
        outputs, each, bands = self.member_outputs(heard, hearing_loss)
        if self.confidence is None:
            return Prediction(outputs)
        return Prediction(outputs, *self.confidence(each[:, :, 0], bands))

    def score_clips(self, signals: Tensor, ears: Tensor, level1: Tensor) -> Tensor:
        """Means of `forward`'s frame outputs, [B, 5]; the frames are left out where they do not count."""
        return self.score_heard(self.front_end(signals, ears, level1), ears)

    def score_heard(self, heard: FrontEndOutput, hearing_loss: Tensor) -> Tensor:
        """The same from what is heard."""
        if not self.clips:
            return self.score_features(heard, hearing_loss).mean(-1)
        return self._clip_outputs(describe_bands(_bounded(heard), hearing_loss)).mean(0)

    def predict_batch(self, signals: Sequence[Tensor], ears: Tensor, level1: Tensor) -> list[Prediction]:
        """As `Network.predict_batch`.

        The front end hears all signals at once, padded with zeros and told their lengths. What the
        members make of a clip depends on the clip's statistics and ends, so that they run on ears of
        equal length together.
        """
        lengths = ears.new_tensor([len(signal) for signal in signals])
        heard = self.front_end(pad_sequence(list(signals), True), ears, level1, lengths)

        def predict(which: list[int], frames: int) -> Prediction:
            return self.predict(heard.part(which, frames), ears[which])

        return predict_by_size([len(signal) // HOP for signal in signals], predict)

    def _encode(self, audiogram: Audiogram) -> np.ndarray:
        return band_losses(audiogram)

    def score_times(self, count: int, seconds: float) -> np.ndarray:
        """As `Network.score_times`; the last frame may be cut short."""
        return frame_times(count, seconds)

    def member_outputs(self, heard: FrontEndOutput, hearing_loss: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frame outputs [B, 5, N], each member's of the clip [M, B, 5], the bands' description [B, D, 32]."""
        heard = _bounded(heard)
        bands = describe_bands(heard, hearing_loss)
        frames = [member(heard.envelope, bands) for member in self.members]
        if not self.clips:
            return torch.stack(frames).mean(0), torch.stack([x.mean(-1) for x in frames]), bands
        each = self._clip_outputs(bands)
        mean = each.mean(0)
        outputs = torch.stack(frames).mean(0) if frames else self._by_windows(heard, hearing_loss, mean)
        return with_mean(outputs, mean), each, bands

    def _clip_outputs(self, bands: Tensor) -> Tensor:
        """Each clip member's outputs for descriptions [B, D, 32]: [M, B, 5]."""
        return torch.stack([member(bands) for member in self.clips])

    def _by_windows(self, heard: FrontEndOutput, hearing_loss: Tensor, whole: Tensor) -> Tensor:
        """Frame outputs [B, 5, N]: the clip members' for windows; of the whole [B, 5] without."""
        length = heard.envelope.shape[-1]
        count = -(-length // STRIDE)
        if heard.windows is None or not count_windows(length):
            return whole[..., None].expand(-1, -1, count)
        bands = describe_bands(*cut(heard, hearing_loss))
        outputs = torch.stack([member(bands) for member in self.clips[:FRAME_MEMBERS]]).mean(0)
        return as_frames(outputs.unflatten(0, (len(whole), -1)).transpose(1, 2), count, STRIDE)


def with_mean(frames: Tensor, mean: Tensor) -> Tensor:
    """Frames [..., N] in [0, 1], moved, and scaled where they meet 0 or 1, until their mean is another [...].

    >>> with_mean(torch.tensor([0.2, 0.4]), torch.tensor(0.6))
    tensor([0.5000, 0.7000])
    >>> with_mean(torch.tensor([0.2, 0.8]), torch.tensor(0.9))
    tensor([0.8000, 1.0000])
    """
    mean = mean[..., None]
    frames = (frames + mean - frames.mean(-1, keepdim=True)).clamp(0, 1)
    now = frames.mean(-1, keepdim=True)
    lower = frames * (mean / now.clamp(min=1e-6))
    higher = 1 - (1 - frames) * ((1 - mean) / (1 - now).clamp(min=1e-6))
    return torch.where(mean < now, lower, higher)


def join(nets: Sequence[HaaqiNet]) -> HaaqiNet:
    """One network whose score is the mean of several networks' scores.

    Raises:
        InputError: if they differ in size.
    """
    alike = {
        "clips": 0,
        "clip_channels": Dimensions.clip_channels,
        "dropout": 0.0,
        "confidence": False,
        "music": False,
    }
    sizes = {replace(net.dims, members=1, **alike) for net in nets if net.members}
    widths = {net.dims.clip_channels for net in nets if net.clips}
    if len(sizes) > 1 or len(widths) > 1:
        raise InputError(f"networks of different sizes cannot be joined: {sizes}, clips of {widths} channels")
    members = [member for net in nets for member in net.members]
    clips = [member for net in nets for member in net.clips]
    dims = replace(sizes.pop() if sizes else nets[0].dims, members=len(members), clips=len(clips))
    dims = replace(dims, clip_channels=widths.pop() if widths else Dimensions.clip_channels)
    whole = HaaqiNet(replace(dims, dropout=nets[0].dims.dropout, confidence=False, music=False))
    whole.members, whole.clips = nn.ModuleList(members), nn.ModuleList(clips)
    return whole.eval()
