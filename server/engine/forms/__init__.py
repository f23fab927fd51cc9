"""Forms as form-js draws them: loaded and checked, shown on a page, and read back as exact values.

A form asks with these properties of ours beside form-js's own (all are texts, as the modeler writes them):

* `label_en`, `description_en`, `text_en`, `values_en` (labels with `|` between): the English texts.
* `kind`: `money` (yuan, two places, Decimal), `integer`, or `boolean` (options `true`/`false` become true
and false).
* `auto`: `officer`, `officer_unit`, `today`, `now` are filled by the server; `case` shows what the case
knows.
* `must_be_true`: `true` or a citation; the answer must be yes before the task can be completed.
* `regulation`: citations shown beside the field.
* `min`, `max`: bounds of a date (FEEL with a leading `=`; `today` is the date of the office).
* `min_rows`, `max_rows`, `min_items`, `max_items`: how many rows or choices.
* `unique`: `true`; no two cases of a jurisdiction may have the same value (an approval number).
* `include` on a group: the id of another form whose components stand here.
"""

from server.engine.forms.model import (
    Component,
    FieldError,
    FieldView,
    Form,
    Kind,
    OptionView,
    Pair,
    RenderContext,
    RowView,
    Submission,
    Upload,
)
from server.engine.forms.reading import ADD, REMOVE, SHOWN, read, read_json
from server.engine.forms.schema import load_forms
from server.engine.forms.views import label_by_name, render_tree, shown_names

__all__ = [
    "ADD",
    "REMOVE",
    "SHOWN",
    "Component",
    "FieldError",
    "FieldView",
    "Form",
    "Kind",
    "OptionView",
    "Pair",
    "RenderContext",
    "RowView",
    "Submission",
    "Upload",
    "label_by_name",
    "load_forms",
    "read",
    "read_json",
    "render_tree",
    "shown_names",
]
