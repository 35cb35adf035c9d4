"""The files of a run, for everyone who asks: which there are, what they amount to, whether they are whole."""

from producer.run_check import check_files
from producer.run_folder import FileEntry, FolderProblem, RunFiles, RunNotFound, Stream, find_run, find_runs
from producer.run_summary import RunSummary, StreamScan, event_timestamps, scan_run, scan_stream, summarize

__all__ = [
    "FileEntry",
    "FolderProblem",
    "RunFiles",
    "RunNotFound",
    "RunSummary",
    "Stream",
    "StreamScan",
    "check_files",
    "event_timestamps",
    "find_run",
    "find_runs",
    "scan_run",
    "scan_stream",
    "summarize",
]
