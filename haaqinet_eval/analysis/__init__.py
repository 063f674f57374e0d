"""What a table of scores says: means with coverage, agreement, statistics, calibration, reports."""
