"""What the decoding process and its parent say to each other.

A request is `REQUEST` and that many bytes of a FLAC stream. An answer is `REPLY`, a message
of so many bytes, and the samples, int16 or (above 16 bits) int32, interleaved.
"""

import struct

REQUEST = struct.Struct("<QQB")  # bytes, most samples of a channel, bits per sample
REPLY = struct.Struct("<BBQ16sH")  # state, channels, samples of a channel, their MD5, bytes of message
DONE, CORRUPT, NO_MEMORY = 0, 1, 2
