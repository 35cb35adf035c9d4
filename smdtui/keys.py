"""The one registry of keys: bindings, footer, `?` help and palette are made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """A key of one group. `footer` orders the footer (0 = not shown there); `help` is a whole phrase."""

    id: str
    keys: str
    action: str
    label: str
    help: str
    footer: int = 0
    display: str = ""
    palette: bool = True
    priority: bool = False
    alone: str = ""  # in the help, where the footer shows it together with another key

    @property
    def shown(self) -> str:
        return self.display or self.keys.split(",")[0]


def _app() -> tuple[Key, ...]:
    screens = (("runs", "runs of the experiment"), ("names", "names in the run"), ("profile", "what is extracted"),
               ("jobs", "productions"), ("result", "HDF5 files"))  # fmt: skip
    go = [
        Key(f"app.{name}", str(n), f"show_screen('{name}')", name.capitalize(), f"screen {name.capitalize()}: {what}")
        for n, (name, what) in enumerate(screens, 1)
    ]
    return (
        Key("app.help", "question_mark", "help", "Help", "keys of this screen", 90, "?"),
        Key("app.palette", "ctrl+p", "command_palette", "Palette", "find a command by name", 91, "^p", palette=False),
        *go,
        Key("app.screens", "0", "help", "Screens", "the five screens", 92, "1-5", palette=False),
        Key("app.back", "escape,q", "back", "Back", "leave the filter, then the marks, then the screen", 80, "esc"),
        Key("app.suspend", "ctrl+z", "suspend_process", "Suspend", "to the shell (fg returns)", 0, "^z"),
        Key("app.quit", "ctrl+q", "quit", "Quit", "leave smdtui; jobs go on", 0, "^q", priority=True),
    )


KEYS: dict[str, tuple[Key, ...]] = {
    "app": _app(),
    "list": (
        Key("list.down", "down,j", "move(1)", "Down", "next row", 0, "↓ j", palette=False),
        Key("list.up", "up,k", "move(-1)", "Up", "previous row", 0, "↑ k", palette=False),
        Key("list.page_down", "pagedown,ctrl+d", "page(1)", "Page down", "a page down", 0, "PgDn ^d", palette=False),
        Key("list.page_up", "pageup,ctrl+u", "page(-1)", "Page up", "a page up", 0, "PgUp ^u", palette=False),
        Key("list.first", "home,g", "jump(0)", "First", "first row", 0, "Home g", palette=False),
        Key("list.last", "end,G", "jump(-1)", "Last", "last row", 0, "End G", palette=False),
        Key("list.open", "enter,l,right", "open", "Open", "open the row", 10, "enter"),
    ),
    "log": (
        Key("log.down", "down,j", "move(1)", "Down", "a line down", 0, "↓ j", palette=False),
        Key("log.up", "up,k", "move(-1)", "Up", "a line up", 0, "↑ k", palette=False),
        Key("log.page_down", "pagedown,ctrl+d", "page(1)", "Page down", "a page down", 0, "PgDn ^d", palette=False),
        Key("log.page_up", "pageup,ctrl+u", "page(-1)", "Page up", "a page up", 0, "PgUp ^u", palette=False),
        Key("log.first", "home,g", "jump(0)", "First", "first line", 0, "Home g", palette=False),
        Key("log.last", "end,G", "jump(-1)", "End", "the end, and follow it", 0, "G"),
        Key("log.right", "right,l", "shift(16)", "Right", "long lines: to the right", 0, "→ l", palette=False),
        Key("log.left", "left,h", "shift(-16)", "Left", "long lines: to the left", 0, "← h", palette=False),
    ),
    "mark": (
        Key("mark.toggle", "space", "mark", "Select", "select the row and go to the next", 20, "space"),
        Key("mark.range", "v", "mark_range", "Select to here", "select from the last selected row to this one"),
        Key("mark.all", "asterisk", "mark_all", "Select all", "select all rows that the filter shows", 0, "*"),
        Key("mark.none", "A", "mark_none", "Select none", "forget the selection"),
    ),
    "filter": (Key("filter.start", "slash", "filter", "Filter", "filter the rows as you type", 30, "/"),),
    "dialog": (
        Key("dialog.yes", "y", "answer(True)", "Yes", "do it", 10),
        Key("dialog.no", "n,escape,q", "answer(False)", "No", "leave all as it is", 11, "n"),
    ),
    "help": (Key("help.close", "escape,q,question_mark", "close", "Close", "close the help", 10, "esc"),),
    "runs": (
        Key("runs.goto", "colon", "go_to_run", "Run number", "go to a run by its number; 12-20,25 selects", 31, ":"),
        Key("runs.sort", "s", "sort", "Sort", "sort by the next column", 93),
        Key("runs.reverse", "S", "reverse", "Reverse", "turn the order around"),
        Key("runs.profile", "p", "profile", "Profile", "what is extracted from this run", 40),
        Key("runs.launch", "L", "launch", "Produce", "launch the production of the selected runs", 32),
        Key("runs.result", "o", "result", "Result", "the file that was produced of this run", 42),
        Key("runs.experiments", "x", "experiments", "Experiment", "choose another experiment", 43),
        Key("runs.follow", "F", "follow_runs", "Follow", "produce every run as it comes: start, stop, go on", 44),
        Key("runs.handover", "H", "handover", "Hand-over", "what the next shift has to know, as Markdown"),
        Key("runs.refresh", "r", "refresh_runs", "Refresh", "look at the folder again"),
    ),
    "names": (
        Key("names.detectors", "d", "kind('detector')", "Detectors", "only detectors", 50),
        Key("names.epics", "e", "kind('epics')", "EPICS", "only EPICS variables", 51),
        Key("names.scan", "s", "kind('scan')", "Scan", "only scan variables", 52),
        Key("names.everything", "w", "kind('')", "Whole", "detectors, EPICS and scan variables together", 53),
        Key(
            "names.declared", "f", "kind('raw')", "Declared", "all that the files declare, with versions (detnames -r)"
        ),
        Key("names.lacking", "m", "kind('lacking')", "Lacking", "what the profile wants and this run lacks", 54),
        Key("names.details", "i", "details", "Details", "all about the name: values, curve, other runs", 43),
        Key("names.compare", "c", "compare", "Compare", "names that came and went since another run", 55),
        Key("names.through", "t", "through", "Through runs", "the name run by run: where it is, and its value", 56),
        Key("names.add", "a", "add(True)", "Per event", "put the selected PVs into the profile, per event", 40),
        Key("names.once", "o", "add(False)", "Once", "put the selected PVs into the profile, once per run", 41),
        Key("names.roi", "R", "roi", "ROI", "cut a region out of this detector", 42),
        Key("names.copy", "y", "copy", "Copy", "copy the selected names to the clipboard"),
        Key("names.refresh", "r", "refresh_names", "Refresh", "ask the run again"),
    ),
    "result": (
        Key("result.files", "f", "files", "Files", "the produced files of the experiment", 40),
        Key("result.config", "c", "config", "Profile used", "the profile this file was made with", 41),
        Key("result.fold", "h,left", "fold", "Fold", "fold the group", 0, "h"),
        Key("result.refresh", "r", "refresh_result", "Refresh", "read the file again", 42),
    ),
    "profile": (
        Key("profile.add", "a", "add", "Add", "add a PV, a region, ... where the cursor is", 20),
        Key("profile.change", "enter", "change", "Change", "change what the cursor is on", 21),
        Key("profile.remove", "d,delete", "remove", "Remove", "take it out of the profile (u brings it back)", 22),
        Key("profile.new", "n", "new", "New", "make the experiment's first profile", 23),
        Key("profile.check", "c", "check", "Check", "check the profile against the selected run", 30),
        Key("profile.save", "w,ctrl+s", "save", "Save", "save; the version before is kept", 31),
        Key("profile.undo", "u", "undo", "Undo", "take back the last change", 40),
        Key("profile.redo", "ctrl+r", "redo", "Redo", "do it again", 0, "^r"),
        Key(
            "profile.runs", "left_square_bracket", "step(-1)", "Run", "the plan of the run before", 50, "[ ]", alone="["
        ),
        Key("profile.next_run", "right_square_bracket", "step(1)", "Next run", "the plan of the next run", 0, "]"),
        Key(
            "profile.split",
            "s",
            "split",
            "From here",
            "from this run on otherwise: a section of its own, as a copy",
            24,
        ),
        Key(
            "profile.end_later",
            "greater_than_sign",
            "end(1)",
            "Longer",
            "the section ends a run later",
            45,
            "< >",
            alone=">",
        ),
        Key("profile.end_earlier", "less_than_sign", "end(-1)", "Shorter", "the section ends a run earlier", 0, "<"),
        Key("profile.begin_later", "right_curly_bracket", "begin(1)", "Begin later", "it begins a run later", 0, "}"),
        Key(
            "profile.begin_earlier",
            "left_curly_bracket",
            "begin(-1)",
            "Begin earlier",
            "it begins a run earlier",
            0,
            "{",
        ),
        Key("profile.range", "r", "range", "Runs", "type the runs of the section", 46),
        Key("profile.duplicate", "y", "duplicate", "Copy", "a copy of the section for other runs", 47),
        Key("profile.join", "J", "join", "Join", "the section also for the runs of the one behind it, which goes"),
        Key("profile.compare", "D", "compare", "Compare", "runs, the file, an earlier version, a produced file", 48),
        Key("profile.history", "H", "history", "History", "earlier versions: who, when, why; bring one back", 49),
        Key("profile.save_why", "W", "save_why", "Save, why", "save with a word on why, for the history"),
        Key("profile.plan", "p", "plan", "Plan", "the plan of the selected run, and where each value is from", 51),
        Key("profile.text", "t", "text", "Text", "the profile as text, to be read and edited", 52),
        Key("profile.editor", "e", "editor", "Editor", "edit the text in $EDITOR", 53),
        Key("profile.open", "o", "open_other", "Open", "another profile of the experiment", 54),
        Key("profile.launch", "L", "launch", "Produce", "launch the production of the selected run", 55),
    ),
    "jobs": (
        Key("jobs.cancel", "x,ctrl+k", "cancel_job", "Cancel", "cancel the job, or all selected (asks first)", 20, "x"),
        Key("jobs.retry", "r", "retry", "Retry", "launch again: the sheet filled as for this job", 21),
        Key("jobs.result", "o", "result", "Result", "open the file it made", 22),
        Key("jobs.ranks", "p", "ranks", "Ranks", "log, or how far each rank is", 24),
        Key("jobs.find", "slash", "find", "Find", "filter the jobs; in the log: search", 30, "/"),
        Key("jobs.hold", "h", "hold", "Hold", "hold what waits in Slurm; release what is held", 41),
        Key(
            "jobs.follow_runs",
            "F",
            "follow_runs",
            "Follow runs",
            "produce every run as it comes: start, stop, go on",
            42,
        ),
        Key("jobs.handover", "H", "handover", "Hand-over", "what the next shift has to know, as Markdown", 43),
        Key("jobs.compare", "D", "compare", "Compare", "the plans of two selected jobs, or with the job before", 44),
        Key("jobs.record", "e", "record", "Record", "who did what to the job", 45),
        Key("jobs.script", "t", "script", "Script", "the script that ran", 46),
        Key("jobs.clean", "d,delete", "clean", "Clean up", "clean up ended jobs; plan and verdict stay", 47, "d"),
        Key("jobs.sort", "s", "sort", "Sort", "sort by the next column", 93),
        Key("jobs.reverse", "S", "reverse", "Reverse", "turn the order around"),
        Key("jobs.notify", "b", "ring", "Bell", "tell the terminal when a job ends, or no longer"),
    ),
    "job log": (
        Key("joblog.follow", "f", "follow", "End", "the end of the log, and keep to it", 23),
        Key("joblog.next_error", "right_square_bracket", "error(1)", "Errors", "next error", 48, "[ ]", alone="]"),
        Key("joblog.previous_error", "left_square_bracket", "error(-1)", "Error before", "error before", 0, "["),
        Key("joblog.next", "n", "search_next", "Next", "next place of what was searched"),
        Key("joblog.previous", "N", "search_previous", "Previous", "place before"),
        Key("joblog.level", "w", "level", "Level", "every line, warnings and errors, errors only", 49),
        Key("joblog.collapse", "c", "collapse", "Collapse", "lines that repeat the one before once, with their number"),
        Key("joblog.ranks", "R", "only_ranks", "Of ranks", "only the lines of some ranks; again: of all"),
    ),
    "handover": (
        Key("handover.write", "w", "write", "Write", "write it to a file", 10),
        Key("handover.longer", "right_square_bracket", "span(1)", "Since", "since longer ago", 20, "[ ]", alone="]"),
        Key("handover.shorter", "left_square_bracket", "span(-1)", "Shorter", "since less long ago", 0, "["),
        Key("handover.close", "escape,q", "close", "Close", "close the window", 80, "esc"),
    ),
    "fields": (
        Key("fields.next", "down", "next", "Next field", "next field", 0, "↓ tab", palette=False),
        Key("fields.previous", "up", "previous", "Previous field", "field before", 0, "↑", palette=False),
    ),
    "toggle": (
        Key("toggle.flip", "space", "flip", "Yes/no", "yes or no", 0, palette=False),
        Key("toggle.enter", "enter", "enter", "Next", "next field", 0, palette=False),
    ),
    "form": (
        Key("form.accept", "ctrl+s", "accept", "OK", "accept (also enter in the last field)", 10, "^s"),
        Key("form.cancel", "escape", "cancel", "Cancel", "leave all as it is", 11, "esc"),
    ),
    "launch": (
        Key("launch.go", "enter,ctrl+s", "go", "Launch", "launch (also enter)", 10, "enter"),
        Key("launch.script", "ctrl+t,f2", "script", "Script", "the whole script that will run", 20, "^t"),
        Key("launch.cancel", "escape", "cancel", "Cancel", "launch nothing", 30, "esc"),
    ),
    "question": (
        Key("question.safe", "escape", "safe", "Leave", "the first, safe answer", 10, "esc"),
        Key("question.next", "down,right", "app.focus_next", "Next", "next answer", 0, palette=False),
        Key("question.previous", "up,left", "app.focus_previous", "Previous", "answer before", 0, palette=False),
    ),
    "close": (Key("close.close", "escape,q", "close", "Close", "close the window", 80, "esc"),),
    "history": (
        Key("history.restore", "r", "restore", "Bring back", "make this version the buffer; u undoes it", 20),
        Key("history.close", "escape,q", "close", "Close", "leave all as it is", 80, "esc"),
    ),
    "merge": (
        Key("merge.accept", "ctrl+s", "accept", "Take over", "make what is chosen the buffer", 5, "^s"),
        Key("merge.turn", "space", "turn", "Mine/theirs", "the other side for this key", 20),
        Key("merge.mine", "m", "all('mine')", "All mine", "mine for every key", 21),
        Key("merge.theirs", "t", "all('theirs')", "All theirs", "theirs for every key", 22),
        Key("merge.close", "escape,q", "close", "Leave", "change nothing", 80, "esc"),
    ),
    "check": (
        Key("check.go", "enter", "go", "Go there", "go to the place in the profile", 10),
        Key("check.close", "escape,q,c", "close", "Close", "close the list", 11, "esc"),
    ),
}


def find(identity: str) -> Key:
    """The key of that id; KeyError names it."""
    for group in KEYS.values():
        for key in group:
            if key.id == identity:
                return key
    raise KeyError(identity)
