"""The use of the layouter: a BPMN file in, the same file with a fresh or completed diagram out."""

from __future__ import annotations

from server.bundles.tidy.keeping import complete
from server.bundles.tidy.layout import lay_out
from server.bundles.tidy.reading import parse, planes
from server.bundles.tidy.writing import write


def tidy(xml: bytes, *, keep: bool = False) -> bytes:
    """Lay out a BPMN 2.0 diagram: lanes as rows, columns from left to right, orthogonal flows, clear labels.

    With `keep` the shapes a person has placed stay where they are; only what is missing is added. Nothing
    but the diagram interchange, `incoming` and `outgoing`, and white space between elements is changed, and
    tidying twice gives the same bytes. Raises TidyError, naming the element, if it cannot be laid out.
    """
    root = parse(xml)
    drawn = [(plane, complete(root, plane) if keep else lay_out(plane)) for plane in planes(root)]
    return write(root, drawn, others=keep)
