"""A deep look at a store, and its repair.

What a store promises is checked row by row: pages, tables and types; what refers to what; each
passage, sentence and vector against its document's text; the index files against the catalog; the
uploads against their names. What can be made again is: the catalog's texts are the truth.
"""

from qa.doctor.examining import examine, fault_of_catalog
from qa.doctor.findings import Finding, Kind
from qa.doctor.repairing import repair

__all__ = ["Finding", "Kind", "examine", "fault_of_catalog", "repair"]
