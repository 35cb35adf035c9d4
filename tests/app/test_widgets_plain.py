"""What the widgets compute without a terminal: columns, list states, looks, keys, bars."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from smdtui.keys import KEYS, find
from smdtui.theme import LOOKS, look
from smdtui.widgets.columns import Column, fit, fit_columns
from smdtui.widgets.list_state import ListState
from smdtui.widgets.progress_bar import bar

COLUMNS = (Column("run", 5), Column("state", 12), Column("size", 8, drop=2), Column("note", 10, drop=1, grow=True))


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_fitted_text_fills_its_cells_exactly(text, width, right):
    shown = fit(text, width, right)
    assert cell_len(shown) == width
    assert shown.isprintable()


def test_a_control_character_never_reaches_the_terminal():
    assert fit("a\x1b[31mb", 10) == "a·[31mb   "


@pytest.mark.parametrize(
    "room, shown",
    [(80, [0, 1, 2, 3]), (38, [0, 1, 2, 3]), (37, [0, 1, 3]), (28, [0, 1]), (5, [0, 1])],
)
def test_the_least_important_column_goes_first(room, shown):
    assert [index for index, _ in fit_columns(COLUMNS, room)] == shown


def test_what_is_left_goes_to_the_column_that_grows():
    assert dict(fit_columns(COLUMNS, 60)) == {0: 5, 1: 12, 2: 8, 3: 32}


def test_marks_survive_a_filter_and_are_rows_not_positions():
    state = ListState(view=range(10)).to(4).mark().show([4, 7], "x").to(1).mark().show(range(10), "")
    assert state.marked == {4, 7}
    assert state.chosen == [4, 7]


def test_without_marks_the_row_of_the_cursor_is_chosen():
    assert ListState(view=[5, 3, 9]).move(1).chosen == [3]
    assert ListState().chosen == []


def test_rows_that_arrive_leave_the_cursor_on_its_row():
    state = ListState(view=[2, 1, 0]).to(1)
    assert state.show([3, 2, 1, 0]).row == 1


def test_a_new_filter_starts_at_the_top():
    assert ListState(view=range(100)).to(50).show(range(20, 80), "a").cursor == 0


@given(st.lists(st.integers(-30, 30)), st.integers(0, 20))
def test_the_cursor_never_leaves_the_view(moves, rows):
    state = ListState(view=range(rows))
    for by in moves:
        state = state.move(by)
        assert 0 <= state.cursor <= max(0, rows - 1)
    assert state.mark().marked <= set(range(rows))


def test_every_look_is_one_cell_and_has_a_word():
    for name, shown in LOOKS.items():
        assert cell_len(shown.glyph) == 1, name
        assert shown.ascii.isascii() and len(shown.ascii) == 1, name
        assert shown.word


def test_states_of_one_colour_and_glyph_differ_by_word():
    seen = {(shown.glyph, shown.word) for shown in LOOKS.values()}
    assert len(seen) == len(LOOKS)


def test_a_state_that_is_not_known_shows_its_own_word():
    assert look("exploded").text() == "? exploded"


def test_ids_of_keys_are_unique_and_no_group_uses_a_key_twice():
    ids = [key.id for group in KEYS.values() for key in group]
    assert len(ids) == len(set(ids))
    for name, group in KEYS.items():
        keys = [k for key in group for k in key.keys.split(",")]
        assert len(keys) == len(set(keys)), name


def test_no_screen_takes_a_key_that_lists_or_the_app_need():
    shared = {k for group in ("app", "list", "filter") for key in KEYS[group] for k in key.keys.split(",")}
    shared -= {"l", "right"}  # out and in again on a tree
    for name in ("runs", "names", "result"):
        taken = {k for key in KEYS[name] for k in key.keys.split(",")} & shared
        assert not taken, (name, taken)


def test_find_names_the_key_that_is_missing():
    assert find("runs.launch").keys == "L"
    with pytest.raises(KeyError, match="lunch"):
        find("runs.lunch")


@pytest.mark.parametrize("fraction, shown", [(0, "░░░░"), (0.5, "██░░"), (1, "████"), (2, "████"), (0.3, "█▏░░")])
def test_bar(fraction, shown):
    assert bar(fraction, 4) == shown


def test_bar_without_glyphs():
    assert bar(0.5, 4, ascii=True) == "##.."
