"""Parts of a function that no run reaches, such as what stands below ``if run < 0``."""

import ast


def unreached(function: ast.FunctionDef, reached: set[int]) -> list[tuple[int, str]]:
    """(first line, words) of each block of `function` whose lines are not among those `reached`, outermost only. A
    block that only turns the run from text to a number, or does nothing, is left out."""
    found: list[tuple[int, str]] = []
    _block(function.body, "", reached, found)
    return found


def _block(body: list[ast.stmt], why: str, reached: set[int], found: list[tuple[int, str]]) -> None:
    for at, statement in enumerate(body):
        if statement.lineno not in reached:
            last = body[-1].end_lineno or body[-1].lineno
            if not all(_harmless(one) for one in body[at:]):
                lines = f"lines {statement.lineno}-{last}" if last > statement.lineno else f"line {last}"
                found.append((statement.lineno, f"no run reaches {lines}{f': {why}' if why else ''}"))
            return
        if isinstance(statement, ast.If):
            condition = ast.unparse(statement.test)
            if "isinstance" not in condition and "type(" not in condition:
                _block(statement.body, f"if {condition}", reached, found)
                _block(statement.orelse, f"else of if {condition}", reached, found)
        elif isinstance(statement, (ast.For, ast.While)):
            what = ast.unparse(statement.iter if isinstance(statement, ast.For) else statement.test)
            _block(statement.body, f"the loop over {what}", reached, found)
        elif isinstance(statement, ast.Try):
            _block(statement.body, "", reached, found)  # handlers are there for what should not happen


def _harmless(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        value = statement.value
        return value is None or (isinstance(value, ast.Dict) and not value.keys) or isinstance(value, ast.Constant)
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
