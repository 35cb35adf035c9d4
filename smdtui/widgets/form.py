"""A form on the screen: one line per field with what is wrong beside it, and a sheet that holds one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Select

from smdtui.profile.form import Field, Form
from smdtui.widgets.bindings import bindings
from smdtui.widgets.line_input import LineInput
from smdtui.widgets.plain import Plain
from smdtui.widgets.scroller import Scroller


class Draft(Protocol):
    """What a form sheet edits: every change gives a new one, and it knows what is wrong with itself."""

    @property
    def form(self) -> Form: ...

    @property
    def problems(self) -> dict[str, str]: ...

    def set(self, name: str, text: str) -> Self: ...


class Choice(Select[str], inherit_bindings=False):
    """A list to choose from that leaves up and down to the form."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "show_overlay", "Choose", show=False)]


class Toggle(Widget, can_focus=True):
    """Yes or no, in words: a mark that differs by its colour alone says nothing without colours."""

    DEFAULT_CSS = """
    Toggle { background: $boost; }
    Toggle:focus { background: $primary 30%; text-style: bold; }
    """
    BINDINGS = bindings("toggle")
    value: reactive[bool] = reactive(False)

    @dataclass
    class Changed(Message):
        toggle: Toggle

        @property
        def control(self) -> Toggle:
            return self.toggle

    class Entered(Message):
        pass

    def __init__(self, value: bool, classes: str) -> None:
        super().__init__(classes=classes)
        self.set_reactive(Toggle.value, value)

    def render(self) -> Content:
        return Content(f"[{'x' if self.value else ' '}] {'yes' if self.value else 'no'}")

    def action_flip(self) -> None:
        self.value = not self.value
        self.post_message(self.Changed(self))

    def action_enter(self) -> None:
        self.post_message(self.Entered())

    def on_click(self) -> None:
        self.focus()
        self.action_flip()


class FormRow(Horizontal):
    def __init__(self, field: Field, text: str) -> None:
        super().__init__(classes="form-row")
        self.field = field
        self.control = _control(field, text)

    def compose(self) -> ComposeResult:
        yield Plain(self.field.title, classes="form-label")
        yield self.control
        yield Plain("", classes="form-note")

    @property
    def text(self) -> str:
        control = self.control
        if isinstance(control, Toggle):
            return "true" if control.value else "false"
        if isinstance(control, Select):
            return "" if control.value is Select.NULL else str(control.value)
        assert isinstance(control, Input)
        return control.value

    def becomes(self, field: Field) -> bool:
        """Stand for another state of the same field; False where that takes another control."""
        if field.kind != self.field.kind:
            return False
        if isinstance(self.control, Select) and field.options != self.field.options:
            value = self.control.value
            with self.control.prevent(Select.Changed):
                self.control.set_options([(Content(shown), choice) for shown, choice in field.options])
                if value in field.choices:
                    self.control.value = value
        if isinstance(self.control, Input):
            self.control.placeholder = field.hint
        self.field = field
        return True

    def put(self, text: str) -> None:
        """Show what the form says, which nobody typed here."""
        control = self.control
        if isinstance(control, Toggle):
            control.value = text == "true"
        elif isinstance(control, Select):
            if text in self.field.choices:
                with control.prevent(Select.Changed):
                    control.value = text
        elif isinstance(control, Input):
            with control.prevent(Input.Changed):
                control.value = text
                control.cursor_position = len(text)

    def show(self, wrong: str, remark: str) -> None:
        note = self.query_one(".form-note", Plain)
        note.set_class(bool(wrong), "-wrong")
        note.set_class(bool(remark) and not wrong, "-remark")
        note.set_text(said(wrong, remark) or self.field.unit)


def said(wrong: str, remark: str) -> str:
    return f"✗ {wrong}" if wrong else f"▲ {remark}" if remark else ""


def _control(field: Field, text: str) -> Widget:
    if field.kind == "boolean":
        return Toggle(text == "true", "form-control")
    if field.kind == "choice":
        options = [(Content(shown), choice) for shown, choice in field.options]
        value = text if text in field.choices else Select.NULL
        blank = not field.required
        return Choice(options, value=value, allow_blank=blank, compact=True, prompt="-", classes="form-control")
    return LineInput(text, placeholder=field.hint, compact=True, classes="form-control")


class FormView(Vertical):
    """Paints a form; `Changed` says what was typed, `Submitted` that enter was pressed in the last field (or any)."""

    DEFAULT_CSS = """
    FormView, FormView .form-rows { height: auto; }
    FormView .form-rows { max-height: 14; scrollbar-size-vertical: 1; }
    FormView FormRow { height: 1; }
    FormView .form-label { width: 16; color: $text-muted; }
    FormView .form-control { width: 30; height: 1; }
    FormView Input { background: $boost; }
    FormView Input:focus { background: $primary 30%; }
    FormView .form-note { width: 1fr; height: 1; padding: 0 1; color: $text-muted; }
    FormView .form-help { height: 2; margin-top: 1; color: $text-muted; }
    FormView .form-note.-wrong, FormView .form-help.-wrong { color: $error; }
    FormView .form-note.-remark { color: $warning; }
    FormView:ansi .form-label, FormView:ansi .form-note { text-style: dim; }
    """

    @dataclass
    class Changed(Message):
        field: str
        text: str

    class Submitted(Message):
        pass

    BINDINGS = bindings("fields")

    def __init__(self, form: Form, problems: dict[str, str], enter_submits: bool = False) -> None:
        """With `enter_submits` enter in any field submits, otherwise it goes to the next one first."""
        super().__init__()
        self.form = form
        self.problems = problems
        self.remarks: Mapping[str, str] = {}
        self.insists = False  # an empty field that needs a value is only marked once accepting was tried
        self._enter_submits = enter_submits

    def compose(self) -> ComposeResult:
        with Scroller(classes="form-rows"):
            for field, text in zip(self.form.fields, self.form.texts, strict=True):
                yield FormRow(field, text)
        yield Plain("", classes="form-help")

    def on_mount(self) -> None:
        self._mark()

    @property
    def rows(self) -> list[FormRow]:
        return list(self.query(FormRow))

    @property
    def focused_row(self) -> FormRow | None:
        return next((row for row in self.rows if row.control.has_focus), None)

    async def show(self, form: Form, problems: dict[str, str], remarks: Mapping[str, str] | None = None) -> None:
        """Paint another state of the form; the rows are rebuilt only when its fields are others than before. `remarks`
        do not stand in the way."""
        others, held = form.fields != self.form.fields, self._held()
        self.form, self.problems, self.remarks = form, problems, remarks or {}
        if others:
            await self._fit_rows()
        for row in self.rows:
            if row.field.name in held and row.text != form.text(row.field.name):
                row.put(form.text(row.field.name))
        self._mark()

    def _held(self) -> set[str]:
        """The fields whose rows show what the form says: in others something was typed that is still to be told."""
        known = {field.name for field in self.form.fields}
        return {
            row.field.name
            for row in self.rows
            if row.field.name in known
            and (
                row.text == (text := self.form.text(row.field.name))
                or (isinstance(row.control, Select) and text not in row.field.choices)
            )
        }

    async def _fit_rows(self) -> None:
        """Rows for the fields as they are now; those that stay keep the focus and the cursor."""
        box = self.query_one(".form-rows")
        focused = self.focused_row
        wanted = {field.name: field for field in self.form.fields}
        rows = {row.field.name: row for row in self.rows}
        for name, row in list(rows.items()):
            if name not in wanted or not row.becomes(wanted[name]):
                await rows.pop(name).remove()
        before: FormRow | None = None
        for field, text in zip(self.form.fields, self.form.texts, strict=True):
            row_now = rows.get(field.name)
            if row_now is None:
                row_now = FormRow(field, text)
                await (box.mount(row_now, after=before) if before else box.mount(row_now, before=0))
            before = row_now
        if focused is not None and not focused.is_attached:
            self.focus_field(focused.field.name)

    def focus_field(self, name: str = "") -> None:
        """Focus the named field, or the first."""
        rows = self.rows
        row = next((r for r in rows if r.field.name == name), rows[0] if rows else None)
        if row:
            row.control.focus()

    def _mark(self) -> None:
        for row in self.rows:
            row.show(self._wrong(row), self.remarks.get(row.field.name, ""))
        self._explain()

    def _wrong(self, row: FormRow) -> str:
        return self.problems.get(row.field.name, "") if row.text.strip() or self.insists else ""

    def insist(self) -> None:
        """Accepting was tried: mark everything that is wrong and go to the first."""
        self.insists = True
        self._mark()
        self.focus_field(next(iter(self.problems), ""))

    def _explain(self) -> None:
        row = self.focused_row
        wrong = self._wrong(row) if row else self.problems.get("", "")
        help_line = self.query_one(".form-help", Plain)
        help_line.set_class(bool(wrong), "-wrong")
        remark = self.remarks.get(row.field.name, "") if row else ""
        help_line.set_text(said(wrong, remark) or (row.field.explanation if row else ""))

    def refuse(self, why: str) -> None:
        """Say why what was typed could not be accepted."""
        help_line = self.query_one(".form-help", Plain)
        help_line.set_class(True, "-wrong")
        help_line.set_text(f"✗ {why}")

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        self._explain()

    @on(Input.Changed)
    @on(Toggle.Changed)
    @on(Select.Changed)
    def _typed(self, event: Input.Changed | Toggle.Changed | Select.Changed) -> None:
        event.stop()
        known = {field.name for field in self.form.fields}  # a row may be about to go
        row = next((r for r in self.rows if r.control is event.control and r.field.name in known), None)
        if row and row.text != self.form.text(row.field.name):
            self.post_message(self.Changed(row.field.name, row.text))

    @on(Input.Submitted)
    @on(Toggle.Entered)
    def _entered(self, event: Message) -> None:
        event.stop()
        if self._enter_submits or self.rows[-1].control.has_focus:
            self.post_message(self.Submitted())
        else:
            self.action_next()

    def action_next(self) -> None:
        self.screen.focus_next(".form-control")

    def action_previous(self) -> None:
        self.screen.focus_previous(".form-control")


D = TypeVar("D", bound=Draft)


class FormSheet(ModalScreen[D | None]):
    """A form over the screen. Dismissed with the draft when it is accepted, with None when it is not."""

    DEFAULT_CSS = """
    FormSheet { align: center middle; }
    FormSheet > Vertical {
        width: 78; max-width: 100%; height: auto; max-height: 100%; border: round $primary; padding: 0 1;
        background: $panel;
    }
    FormSheet .form-title { text-style: bold; height: 1; margin-bottom: 1; }
    FormSheet .form-buttons { height: 1; }
    FormSheet Button { margin-right: 2; }
    """
    BINDINGS = bindings("form")

    def __init__(self, title: str, draft: D, focus: str = "") -> None:
        super().__init__()
        self.sheet_title = title
        self.draft = draft
        self.touched = False  # something was typed
        self._first = focus

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain(self.sheet_title, classes="form-title")
            yield FormView(self.draft.form, self.draft.problems)
            with Horizontal(classes="form-buttons"):
                yield Button("OK  ^s", id="form-ok", compact=True, variant="primary")
                yield Button("Cancel  esc", id="form-cancel", compact=True)

    def on_mount(self) -> None:
        self.view.focus_field(self._first)

    @property
    def view(self) -> FormView:
        return self.query_one(FormView)

    def apply(self, draft: D) -> str:
        """Do what the form is for; why it cannot be done, or "" when it is done."""
        return ""

    async def set_draft(self, draft: D) -> None:
        """Show another state of the draft."""
        self.draft = draft
        await self.view.show(draft.form, draft.problems, getattr(draft, "remarks", None))

    @on(FormView.Changed)
    async def _changed(self, event: FormView.Changed) -> None:
        self.touched = True
        await self.set_draft(self.draft.set(event.field, event.text))

    @on(FormView.Submitted)
    @on(Button.Pressed, "#form-ok")
    def action_accept(self) -> None:
        problems = self.draft.problems
        if problems:
            self.view.insist()
            self.app.bell()
            return
        refused = self.apply(self.draft)
        if refused:
            self.view.refuse(refused)
            self.app.bell()
            return
        self.dismiss(self.draft)

    @on(Button.Pressed, "#form-cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
