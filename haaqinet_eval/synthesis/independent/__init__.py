"""A fixed set of trials made with other software, on music, ears and sounds that no training has.

For validation and test only: accuracy on it is accuracy on degradations made with other software. See
`table` for the conditions, `ears` for the hearing losses, `tools` for the software.
"""

from .rendering import GROUPS, VERSION, Independent

__all__ = ["GROUPS", "VERSION", "Independent"]
