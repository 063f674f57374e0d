"""Every limit that a submission is held to, in one place.

The largest official submissions are CAD1 task 1's: 49 songs x 50 listeners x 9 files and 8
side-cars, 42k members and 23 GB. Limits leave room above that and stop what is made to hurt.
"""

from __future__ import annotations

MAX_MEMBERS = 100_000
MAX_DIRECTORY_BYTES = 64 * 2**20  # of a zip's central directory: 650 bytes for each member
MAX_NAME_BYTES = 255  # of one part of a path, in UTF-8; what file systems allow
MAX_PATH_BYTES = 4096
MAX_DEPTH = 16  # folders above a file
MAX_TOTAL_BYTES = 200 * 2**30  # of all members, uncompressed
MAX_MEMBER_BYTES = 256 * 2**20  # of one member, uncompressed
MAX_RATIO = 200  # uncompressed to compressed, of members above `RATIO_FREE_BYTES`
RATIO_FREE_BYTES = 2**20

MAX_METADATA_BYTES = 2**20  # of all FLAC metadata blocks together
MAX_METADATA_BLOCKS = 64
MAX_SECONDS = 900.0  # of a file whose reference has no known duration
SIDE_CAR_BYTES = 64

DECODE_SECONDS = 60.0  # wall clock for one file, in the child
DECODE_CPU_SECONDS = 30
DECODE_MEMORY_BYTES = 2**30

LENGTH_MARGIN_SECONDS = 0.05  # below it a length is not mentioned: filters leave tails
MAX_FINDINGS_PER_CODE = 1000  # the rest is counted
MAX_FINDINGS_BYTES = 2**20  # of all findings together, shared evenly among their codes
SHOWN_NAME_BYTES = 240  # of a member's name in a finding; the longest official one has 82
SHOWN_MESSAGE_BYTES = 600
# Every file is compared with a second of the mixture; this many, drawn by the digests of their names,
# with all that the challenge has. Swapped ears, delays or copies of the reference come from the code
# that wrote all files: where they are in a share p of them, (1 - p)^24 is the chance to miss them, 8 % for
# a tenth.
COMPARED_FILES = 24
