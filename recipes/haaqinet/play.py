"""Have programs play songs in many styles, to train on; goes on where it was killed."""

from __future__ import annotations

from omegaconf import DictConfig

from haaqinet_eval.errors import InputError
from haaqinet_eval.io.progress import track
from haaqinet_eval.recipe import recipe
from haaqinet_eval.synthesis.midi_accompaniment import read_band
from haaqinet_eval.synthesis.options import natural, several
from haaqinet_eval.synthesis.songs import SongFolder


@recipe("config/play")
def play_songs(config: DictConfig) -> None:
    """Play the songs that are not there yet, one folder each."""
    start, count = natural(config.start, "start", 0), natural(config.songs, "songs", 1)
    band = read_band(str(config.library), several(config.fonts))
    songs = SongFolder(config.out, band, natural(config.seed, "seed", 0))
    played = songs.play(track(range(start, start + count), "playing"))
    if not played:
        raise InputError(f"library={config.library}: none of {count} songs could be played")
    print(f"{config.out}: {len(songs.numbers())} songs, {len(band.styles)} styles to draw from")


if __name__ == "__main__":
    play_songs()
