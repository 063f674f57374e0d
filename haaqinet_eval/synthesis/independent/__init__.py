"""A fixed set of trials made by other people's code, on music, ears and sounds that no training has.

For validation and test only. Its accuracy says how well a network does on sounds that others made; see
`table` for the conditions, `ears` for the hearing losses, `tools` for whose code it is.
"""

from .rendering import GROUPS, VERSION, Independent

__all__ = ["GROUPS", "VERSION", "Independent"]
