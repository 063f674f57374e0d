"""Hydra config groups that the recipes share; found by `hydra.searchpath: [pkg://haaqinet_eval.conf]`."""
