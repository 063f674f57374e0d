"""Every reason code, and what it means: a table of text, which needs nothing.

`CODES` are of a submission's check, see `submissions.findings`; `TRIALS` are of trials that have a
reason instead of a score, beside the codes of the files that they could not be scored for; `SOURCES` are of
music and sounds that are left out of a training set.
"""

# code -> severity and meaning; findings are reported in this order
CODES: dict[str, tuple[str, str]] = {
    # the archive
    "not_a_zip": ("error", "The file is no zip archive."),
    "empty_file": ("error", "The file or member has no bytes."),
    "empty_archive": ("error", "There are no files in the archive or folder."),
    "truncated_archive": ("error", "It begins like a zip, but its end is missing."),
    "damaged_directory": ("error", "The zip's central directory contradicts itself."),
    "zip64_inconsistent": ("error", "Zip64 fields are missing or contradict the others."),
    "multi_disk": ("error", "The zip is one part of several."),
    "junk_around_zip": ("error", "There are bytes before or after the zip."),
    "too_many_members": ("error", "There are more members than any challenge has."),
    "too_large": ("error", "A member, or all together, are larger than any challenge's."),
    "path_traversal": ("error", "A name has '..', '.' or empty parts."),
    "absolute_path": ("error", "A name begins at a root or with a drive."),
    "backslash_path": ("error", "A name has backslashes; folders are separated by '/'."),
    "control_character": ("error", "A name has control or invisible characters, or is no valid text."),
    "name_too_long": ("error", "A name, or the whole path, is too long."),
    "path_too_deep": ("error", "A file lies below too many folders."),
    "symlink": ("error", "A symbolic link."),
    "special_file": ("error", "A device, a pipe or a socket."),
    "duplicate_name": ("error", "Two members have the same name."),
    "case_collision": ("error", "Two names differ in upper and lower case only."),
    "unicode_collision": ("error", "Two names differ in their Unicode form only."),
    "compression_ratio": ("error", "A member expands beyond what audio can."),
    "overlapping_entries": ("error", "Members share bytes of the zip."),
    "nested_archive": ("error", "An archive within the archive."),
    "lying_size": ("error", "A member's size is not what the zip states."),
    "crc_mismatch": ("error", "A member's checksum is wrong."),
    "corrupt_member": ("error", "A member cannot be unpacked or read."),
    "encrypted": ("error", "A member is encrypted."),
    "unsupported_method": ("error", "A member is neither stored nor deflated."),
    "header_mismatch": ("error", "A member's own header contradicts the central directory."),
    # which files there are
    "wrong_challenge": ("error", "None of the challenge's files are there."),
    "listener_missing": ("error", "All files of one listener are missing."),
    "missing_file": ("error", "A file that the challenge needs is missing."),
    "wrong_case": ("error", "A name differs from the expected one in upper and lower case."),
    "wrong_format": ("error", "Audio in a format other than FLAC."),
    "wrong_folder": ("error", "An expected file in another folder."),
    "wrong_suffix": ("error", "Scene and listener are right, the rest of the name is not."),
    "unknown_scene": ("error", "The challenge has no such scene or song."),
    "unknown_listener": ("error", "The challenge has no such listener."),
    "pair_not_in_challenge": ("error", "This listener does not hear this scene in the challenge."),
    "extra_file": ("error", "Audio that the challenge does not ask for."),
    "side_car_not_allowed": ("error", "A .txt beside a FLAC, which would change its level."),
    "bad_side_car": ("error", "A side-car .txt does not hold one sane number."),
    # bytes that are known already
    "other_team": ("error", "The same bytes are another team's submission."),
    "withdrawn_bytes": ("error", "These bytes were withdrawn, and only organisers can bring them back."),
    # a table of predictions
    "no_table": ("error", "A row does not have the two columns signal and per cent."),
    "duplicate_signal": ("error", "A signal has two predictions."),
    "unknown_signal": ("error", "The challenge has no such signal."),
    "missing_signal": ("error", "A signal has no prediction."),
    "not_a_number": ("error", "A prediction is no finite number."),
    "out_of_range": ("error", "A prediction is below 0 or above 100 per cent."),
    # FLAC
    "not_flac": ("error", "The file does not begin as a FLAC stream."),
    "truncated_header": ("error", "The file ends within its FLAC header."),
    "damaged_header": ("error", "The FLAC header is impossible."),
    "metadata_too_large": ("error", "The FLAC header holds more metadata than audio needs."),
    "unknown_length": ("error", "The FLAC header does not state the number of samples."),
    "no_audio": ("error", "The FLAC file has no samples."),
    "wrong_sample_rate": ("error", "The sample rate is not the challenge's."),
    "wrong_channels": ("error", "The number of channels is not the challenge's."),
    "wrong_bits": ("error", "Samples are not of 16 bits."),
    "wrong_length": ("error", "The duration is more than 10 % off the reference's."),
    "corrupt_audio": ("error", "The FLAC stream cannot be decoded to its end."),
    "bad_md5": ("error", "Decoded samples are not those that were encoded, by the file's own MD5."),
    "trailing_data": ("error", "Bytes or another stream follow the end of the audio."),
    "decoder_stopped": ("error", "The decoder ran out of time or memory, or crashed."),
    # suspicions
    "not_personalised": ("warning", "All listeners of a scene have the same audio."),
    "repeated_audio": ("warning", "Different scenes have the same audio."),
    "copy_of_mixture": ("warning", "The audio is the unprocessed mixture."),
    "copy_of_reference": ("warning", "The audio is the reference."),
    "swapped_ears": ("warning", "Left resembles what fits the right ear, and right what fits the left."),
    "polarity_inverted": ("warning", "The audio is upside down against the mixture."),
    "delayed": ("warning", "The audio is late or early against the mixture."),
    "time_stretched": ("warning", "The audio drifts in time against the mixture."),
    "silent_file": ("warning", "All samples are zero."),
    "silent_ear": ("warning", "All samples of one channel are zero."),
    "constant_signal": ("warning", "A channel never changes: direct current."),
    "clipped": ("warning", "Many samples are at full scale."),
    "very_quiet": ("warning", "The level is far below music's."),
    "leading_silence": ("warning", "The audio begins with long digital silence."),
    "length_differs": ("warning", "The duration is off the reference's, within HAAQI's 10 %."),
    "bad_seek_table": ("warning", "The FLAC seek table points beyond the end."),
    "scale_0_to_1": ("warning", "All predictions are 1 or less, and per cent are asked for."),
    "constant_predictions": ("warning", "All predictions are the same, so that no correlation is defined."),
    "stray_file": ("warning", "A file that is no audio and is not used."),
    # notes
    "top_directory": ("note", "Files lie in a folder of their own; it is left out of their names."),
    "junk_file": ("note", "An operating system's file, ignored."),
    "zero_md5": ("note", "The FLAC header has no MD5, so the samples cannot be verified."),
    "remix_missing": ("note", "A remix that is asked for but not scored is missing."),
    "side_car_missing": ("note", "A stem without its side-car; its factor is 1."),
    "not_compared": ("note", "The challenge's own audio could not be read, so nothing was compared."),
    "not_decoded": ("note", "The audio was not decoded; a worker does it before it scores."),
    "more_findings": ("note", "Further findings of one code, counted."),
}

# code -> meaning; with `reference_` before it, a file's code is about the challenge's own music
TRIALS: dict[str, str] = {
    "silent": "The processed signal cannot be heard, so there is nothing to predict a score from.",
    "silent_reference": "Every sample of the reference is zero, so it has no level and no HAAQI.",
    "inaudible_reference": "The reference cannot be heard at its level, so there is no HASPI.",
    "amplified_reference": "The reference is amplified for the listener, and HASPI needs plain speech.",
    "no_speech": "PESQ finds no utterance in the reference.",
    "not_defined": "The measure of these signals is no number.",
    "too_short": "The signal is too short for the scorer.",
    "length_mismatch": "Processed signal and reference differ too much in length.",
    "which_ear": "The file is mono, and nothing says which ear hears it.",
    "not_mono": "A scorer takes one ear at a time.",
    "not_finite": "A sample is not a finite number.",
    "bad_samples": "The samples are not floats of full scale 1.",
    "bad_sample_rate": "The sample rate is outside what the scorer takes.",
    "bad_level": "The level that an RMS of 1 means is no number.",
    "bad_audiogram": "The audiogram is not one that the scorer takes.",
    "needs_reference": "The scorer compares with a reference, and there is none.",
    "needs_mixture": "The scorer compares with the mixture, and there is none.",
    "needs_gains": "The scorer needs the gains that the target asks for, and there are none.",
    "bad_gains": "A gain of the target is not a finite number.",
    "corrupt_file": "The file cannot be read to its end.",
    "changed_file": "The file is not the one that was scored.",
    "unreadable_file": "The disk or the network did not give the file.",
    "timeout": "A worker did not score it within the time limit, and neither did a second one, alone.",
    "out_of_memory": "Memory was not enough for it; a worker's was not enough a second time, alone.",
    "worker_lost": "Each worker that scored it ended on the way: killed, or crashed.",
}

SOURCES: dict[str, str] = {
    "excluded": "The title or the artist holds a word that was to be left out.",
    "twin": "The sound is in a recording of a test set.",
    "unfit": "No part of the file is loud, long and clean enough.",
}


def meaning(code: str) -> str:
    """What a reason code means; empty for an unknown one.

    >>> meaning("silent_ear"), meaning("reference_corrupt_file")
    ('All samples of one channel are zero.', "The challenge's music: The file cannot be read to its end.")
    """
    if code in CODES:
        return CODES[code][1]
    if told := TRIALS.get(code) or SOURCES.get(code):
        return told
    known = meaning(code.removeprefix("reference_")) if code.startswith("reference_") else ""
    return known and f"The challenge's music: {known}"
