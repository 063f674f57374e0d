"""HAAQI-Net's scores without gradients and without torch, several times as fast: numba and numpy.

What `model` computes for one ear on a processor, with the same weights, for networks whose score the clip
members make; a network with frame members, or of another design, stays torch's.
"""
