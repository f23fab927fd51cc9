"""The XML of a DMN file, parsed with every door to the outside shut, and read by local names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from .problems import DmnError, Problem

MAX_BYTES = 8 * 1024 * 1024
_DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def parse(data: bytes) -> etree._Element:
    """The root element of a DMN file.

    Raises DmnError for anything but well-formed XML without document type, entities and processing by lxml's
    network or file access; sizes and depths are limited.
    """
    if len(data) > MAX_BYTES:
        raise DmnError(Problem("dmn.too_large", {"size": len(data), "limit": MAX_BYTES}))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if _DECLARATION.search(data):
            raise DmnError(Problem("dmn.entities")) from error
        raise DmnError(Problem("dmn.not_xml", {"reason": str(error)})) from error
    if root.getroottree().docinfo.doctype:
        raise DmnError(Problem("dmn.entities"))
    return root


def local(element: etree._Element) -> str:
    """An element's name without its namespace; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: etree._Element) -> str:
    """An element's namespace."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The child elements with one of these local names, in order."""
    return (child for child in element if local(child) in names)


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first child element with one of these local names."""
    return None if element is None else next(children(element, *names), None)


def text_of(element: etree._Element | None) -> str:
    """All text inside an element, comments left out."""
    if element is None:
        return ""
    if len(element) == 0:
        return element.text or ""
    return str(element.xpath("string()"))


def attribute(element: etree._Element | None, name: str) -> str:
    """An attribute by local name whatever its namespace (`camunda:inputVariable`), "" when absent."""
    if element is None:
        return ""
    plain = element.get(name)
    if plain is not None:
        return str(plain)
    ending = "}" + name
    return next((str(element.get(key)) for key in element.keys() if str(key).endswith(ending)), "")  # noqa: SIM118


def line(element: etree._Element | None) -> int:
    """The line of an element's start tag, 0 when unknown."""
    return 0 if element is None else int(element.sourceline or 0)
