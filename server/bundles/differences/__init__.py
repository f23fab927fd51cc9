"""What differs between two bundles, over meaning: processes, decisions, forms, manifest, scenarios.

    compare(before, after)   all differences, as frozen values in the order of the files
    sentence(difference)     one of them as a sentence to be translated
    tables(path, file, file) the decision tables of two DMN files as one, cell by cell

Two equal files are not even read. Of files that differ something is always said, if only that the drawing or
the writing is another; so an empty answer means equal content.
"""

from __future__ import annotations

from server.bundles.differences.comparing import Differences, Marks, compare, tables
from server.bundles.differences.difference import Area, Change, Difference, Said, Weight
from server.bundles.differences.tables import TableComparison, alone, beside
from server.bundles.differences.wording import english, sentence

__all__ = [
    "Area",
    "Change",
    "Difference",
    "Differences",
    "Marks",
    "Said",
    "TableComparison",
    "Weight",
    "alone",
    "beside",
    "compare",
    "english",
    "sentence",
    "tables",
]
