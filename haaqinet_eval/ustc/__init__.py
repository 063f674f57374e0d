"""USTC's rebalancer, `systems.ustc`: scenes, multi-target training of its separators, judging, its page."""
