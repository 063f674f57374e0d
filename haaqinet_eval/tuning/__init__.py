"""What HAAQI-Net is worth as a loss: tune something with it and ask true HAAQI whether it got better.

`tasks` makes the problems, `controls` what is tuned, `ascent` tunes and measures.
"""
