"""Embeddings: what a network makes of a sound before it decides, and how alike two sounds are in it.

Every back end is a torch module that takes signals [B, T] at its `sample_rate`, and gives vectors [B, N, D]
in the order of time; gradients reach the signals. `BACK_ENDS` lists them: HAAQI-Net's own embedding needs
nothing besides; `musicnn` and `vggish` want their authors' files.
"""

from .back_end import BACK_ENDS, Embedding, load_embedding
from .likeness import EmbeddingLoss, cosine, frechet_distance

__all__ = ["BACK_ENDS", "Embedding", "EmbeddingLoss", "cosine", "frechet_distance", "load_embedding"]
