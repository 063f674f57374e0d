"""Trains HAAQI-Net: cached trials, losses, the loop."""
