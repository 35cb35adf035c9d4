"""In which order problems are told, and each once."""

from collections.abc import Iterable

from producer.problem import Problem

SEVERITIES = ("error", "warning", "note")


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Errors first, notes last. What is said of the same line, or as a note at all, is said once."""
    once: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        where = () if problem.severity == "note" else (problem.file, problem.line, problem.column)
        once.setdefault((problem.severity, problem.message, *where), problem)
    return tuple(sorted(once.values(), key=lambda p: SEVERITIES.index(p.severity)))


def in_a_line(problem: Problem) -> str:
    hint = f" (did you mean {problem.suggestion!r}?)" if problem.suggestion else ""
    return problem.message + hint
