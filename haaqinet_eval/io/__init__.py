"""What comes in and goes out: files, JSON and CSV, paths and URLs, names, own processes, progress."""
