"""Training and judging the network for noise reduction and hearing-loss compensation: `model.joint`."""
