"""HAAQI among its neighbours: known measures on degraded sounds, how they agree, and where they contradict.

A degraded sound is a trial whose system is the degradation (`degrading`); scorers make its rows
(`measuring`). What the rows say is in `correlating`, `judging` and `tables`; `plots` and `page` show it.
"""
