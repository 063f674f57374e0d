"""Scoring a remix from what is known of its target: the mixture and the gains, no clean stems.

`ear` hears signals, `features` compares an output with the mixture, `gains` says what was asked
for, `trees` predicts HAAQI from both, `trial_files` keeps rendered features for training.
"""
