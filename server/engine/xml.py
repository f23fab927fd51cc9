"""Reads XML that a stranger may have written: bounded in size, depth and count; no entities, DTD, network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from lxml import etree

from server.engine.model import NOTHING, Finding

Element: TypeAlias = "etree._Element"

MAX_BYTES = 4 * 1024 * 1024
MAX_ELEMENTS = 50_000
MAX_DEPTH = 120
MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_LENGTH = 20_000

XINCLUDE = "http://www.w3.org/2001/XInclude"

# Names an XML declaration may give, and how Python calls them. UTF-7 and UTF-16 are left out on purpose: they
# let one file be read in two ways. The GB encodings are what older Chinese tools still write.
ENCODINGS: Mapping[str, str] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "us-ascii": "ascii",
        "ascii": "ascii",
        "iso-8859-1": "latin-1",
        "gb2312": "gb18030",
        "gbk": "gb18030",
        "gb18030": "gb18030",
    }
)

_DECLARATION = re.compile(
    rb"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'][^>]{0,100}\?>"""
)
_PROLOG = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*+", re.DOTALL)


class XmlRefused(ValueError):
    """XML that is not read: `code` names the reason; `message` and `remedy` are templates for `params`."""

    def __init__(
        self,
        code: str,
        message: str,
        params: Mapping[str, object] = NOTHING,
        *,
        remedy: str = "",
        line: int = 0,
        file: str = "",
    ) -> None:
        self.code = code
        self.message = message
        self.params = dict(params)
        self.remedy = remedy
        self.line = line
        self.file = file
        super().__init__(self.finding().text())

    def finding(self) -> Finding:
        """The refusal as something to show beside the file."""
        return Finding(
            level="error",
            code=self.code,
            message=self.message,
            params=self.params,
            remedy=self.remedy,
            file=self.file,
            line=self.line,
        )


def parse_xml(data: bytes, *, file: str) -> Element:
    """The root element of an XML document of at most `MAX_BYTES`; comments are left out.

    Raises XmlRefused for anything that is too large, too deep, not in a known encoding, not well formed, or
    that carries a document type, an entity of its own, a processing instruction or an XInclude.
    """
    try:
        text = _decoded(data)
        _check_text(text)
        root = _parsed(text)
        _check_tree(root)
    except XmlRefused as refused:
        refused.file = file
        raise
    return root


def elements(parent: Element) -> Iterator[Element]:
    """The child elements of an element, in the order of the file."""
    return (child for child in parent if isinstance(child.tag, str))


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return split(str(element.tag))[1]


@lru_cache(maxsize=4_096)
def split(name: str) -> tuple[str, str]:
    """The namespace of a name that the parser gives ("" for none), and the name without it. Few names stand
    for many elements."""
    space, _, own = name.rpartition("}")
    return space.removeprefix("{"), own


def line_of(element: Element) -> int:
    """The line an element begins on, from 1; 0 where the parser does not know."""
    return int(element.sourceline or 0)


def _decoded(data: bytes) -> str:
    """The text of the file, so that what is checked and what is parsed are the same characters."""
    if len(data) > MAX_BYTES:
        raise XmlRefused(
            "xml-too-large",
            "The file has {size} bytes; at most {limit} are read.",
            {"size": len(data), "limit": MAX_BYTES},
            remedy="Split it: one process or one table for each file.",
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise _encoding_refused("UTF-16 or UTF-32")
    body = data.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARATION.match(body)
    name = declared.group(1).decode("ascii").lower() if declared else "utf-8"
    if name not in ENCODINGS:
        raise _encoding_refused(name)
    try:
        return body.decode(ENCODINGS[name])
    except UnicodeDecodeError as error:
        raise XmlRefused(
            "xml-encoding",
            "The file says it is {encoding}, but byte {position} is not.",
            {"encoding": name, "position": error.start},
            remedy="Save the file as UTF-8.",
            line=body.count(b"\n", 0, error.start) + 1,
        ) from None


def _encoding_refused(name: str) -> XmlRefused:
    return XmlRefused(
        "xml-encoding",
        "The file is written in {encoding}, which is not read.",
        {"encoding": name},
        remedy="Save the file as UTF-8.",
        line=1,
    )


def _check_text(text: str) -> None:
    """What can be refused before a parser sees it; each step costs no more than one pass over the text."""
    if text.startswith("\ufeff"):
        raise _encoding_refused("UTF-8 with two byte order marks")
    if not text.strip():
        raise XmlRefused(
            "xml-empty", "The file is empty.", remedy="Open it in the modeler and save it again."
        )
    null = text.find("\x00")
    if null >= 0:
        raise XmlRefused(
            "xml-null-byte",
            "The file holds a null character.",
            remedy="Save the file again with the modeler.",
            line=text.count("\n", 0, null) + 1,
        )
    start = _PROLOG.match(text)
    if start and text.startswith("<!DOCTYPE", start.end()):
        raise XmlRefused(
            "xml-doctype",
            "The file has a document type (DOCTYPE), which could read other files or blow up memory.",
            remedy="Delete the <!DOCTYPE …> part; diagrams and tables need none.",
            line=text.count("\n", 0, start.end()) + 1,
        )
    markers = text.count("<")
    if markers > 3 * MAX_ELEMENTS:
        raise _too_many(markers // 2)


def _too_many(count: int) -> XmlRefused:
    return XmlRefused(
        "xml-too-many-elements",
        "The file has about {count} elements; at most {limit} are read.",
        {"count": count, "limit": MAX_ELEMENTS},
        remedy="Split it: one process or one table for each file.",
    )


def _parsed(text: str) -> Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
    )
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        line, message = int(error.lineno or 0), str(error.msg or "")
    if "depth" in message.lower():
        raise _too_deep(line)
    raise XmlRefused(
        "xml-not-well-formed",
        "Line {line} is not well-formed XML: {reason}",
        {"line": line, "reason": message[:200]},
        remedy="Open the file in the modeler and save it again, or mend that line.",
        line=line,
    )


def _too_deep(line: int) -> XmlRefused:
    return XmlRefused(
        "xml-too-deep",
        "Line {line} is nested more than {limit} elements deep.",
        {"line": line, "limit": MAX_DEPTH},
        remedy="Take sub-processes out of one another and call them instead.",
        line=line,
    )


def _check_tree(root: Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("xml-doctype", "The file has a document type (DOCTYPE).", remedy="Delete it.")
    for sibling in (*root.itersiblings(preceding=True), *root.itersiblings()):
        _check_node(sibling)
    depth = count = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "pi")):
        if event == "end":
            depth -= 1
            continue
        _check_node(node)
        if event == "start":
            depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH:
            raise _too_deep(line_of(node))
        if count > MAX_ELEMENTS:
            raise _too_many(count)


def _check_node(node: Element) -> None:
    if not isinstance(node.tag, str):
        raise XmlRefused(
            "xml-processing-instruction",
            "Line {line} holds a processing instruction or an entity.",
            {"line": line_of(node)},
            remedy="Delete it; diagrams and tables need none.",
            line=line_of(node),
        )
    if split(node.tag)[0] == XINCLUDE:
        raise XmlRefused(
            "xml-include",
            "Line {line} includes another file (XInclude).",
            {"line": line_of(node)},
            remedy="Put what it includes into this file.",
            line=line_of(node),
        )
    if len(node.attrib) > MAX_ATTRIBUTES or any(
        len(str(v)) > MAX_ATTRIBUTE_LENGTH for v in node.attrib.values()
    ):
        raise XmlRefused(
            "xml-attribute-too-long",
            "Element {name} has more than {count} attributes, or one longer than {length} characters.",
            {
                "line": line_of(node),
                "name": local(node)[:60],
                "count": MAX_ATTRIBUTES,
                "length": MAX_ATTRIBUTE_LENGTH,
            },
            remedy="Shorten it; long texts belong into the documentation.",
            line=line_of(node),
        )
