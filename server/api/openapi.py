"""The description of the interface: as OpenAPI for programs, as one page for people. Nothing is loaded from
elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from server.api.calls import Operation
from server.api.criteria import PAGING
from server.api.schemas import SCHEMAS, many, ref

_PART = re.compile(r"\{(\w+)(?::\w+)?\}")
_SCOPES = {
    "read": "read", "deploy": "deploy", "start": "start", "tasks": "tasks", "work": "work",
    "read work": "read or work", "": "any",
}  # fmt: skip
INTRODUCTION = (
    "The Camunda 7 REST interface over the processes, decisions, cases and tasks of this office. "
    "Sign in with an account and its password (Basic) or with a personal access token (Bearer). What a "
    "program may do is what its person may do on the pages, and all checks are the same. Without a "
    "jurisdiction (tenant) a request is about the sandbox."
)


def description(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The whole interface as OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = _PART.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Guicheng /engine-rest", "version": version, "description": INTRODUCTION},
        "servers": [{"url": "/engine-rest"}],
        "security": [{"basic": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    doc = " ".join((operation.answer.__doc__ or "").split())
    found: dict[str, Any] = {
        "summary": operation.summary,
        "description": f"{doc} A token must be for: {_SCOPES[operation.scope]}.",
        "operationId": _name(operation),
        "tags": [operation.path.split("/")[1]],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PART.findall(operation.path)
        ],
        "responses": {**_good(operation), "default": _answer("What went wrong", ref("Error"))},
    }
    listed = operation.gives.endswith("[]") and operation.query
    names = (*operation.query, *(PAGING if listed else ()))
    found["parameters"] += [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in names
    ]
    if operation.body:
        media = "multipart/form-data" if operation.body == "Files" else "application/json"
        found["requestBody"] = {"content": {media: {"schema": ref(operation.body)}}}
    return found


def _good(operation: Operation) -> dict[str, Any]:
    if not operation.gives:
        return {"204": {"description": "Done"}}
    if operation.gives in ("binary", "text"):
        media = "text/plain" if operation.gives == "text" else "application/octet-stream"
        return {"200": {"description": "The bytes", "content": {media: {}}}}
    if operation.gives == "object":
        return {"200": _answer("The answer", {"type": "object"})}
    name = operation.gives.removesuffix("[]")
    schema = many(ref(name)) if operation.gives.endswith("[]") else ref(name)
    return {"200": _answer("The answer", schema)}


def _answer(told: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": told, "content": {"application/json": {"schema": schema}}}


def _name(operation: Operation) -> str:
    words = re.findall(r"\w+", _PART.sub(r"by_\1", operation.path))
    return "_".join([operation.method.lower(), *words])


# --------------------------------------------------------------------------- for people
def page(described: dict[str, Any]) -> str:
    """The description as one page."""
    info = described["info"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])}</title>",
        '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">',
        '<link rel="stylesheet" href="/static/app.css"></head><body><main id="main">',
        f'<div class="head"><div><h1>{escape(info["title"])}</h1><p>{escape(info["description"])} '
        'The same for programs: <a href="/engine-rest/openapi.json">openapi.json</a>.</p></div></div>',
    ]
    tag = ""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                parts.append(f'<h2 class="group-head">{escape(tag)}</h2>')
            parts.append(_section(path, method, operation))
    parts.append('<h2 class="group-head">Shapes</h2>')
    parts += [_shape(name, schema) for name, schema in described["components"]["schemas"].items()]
    return "".join([*parts, "</main></body></html>"])


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    asked = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {})
    sent = [_shown(content["schema"]) for content in body.values()]
    status, good = next(iter(operation["responses"].items()))
    given = [_shown(content.get("schema", {})) for content in good.get("content", {}).values()]
    rows = [
        ("Query", ", ".join(asked)),
        ("Sends", ", ".join(sent)),
        ("Answers", f"{status} {', '.join(given)}".strip()),
    ]
    facts = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in rows if text)
    return (
        f'<section class="panel"><h3><code>{method.upper()} {escape(path)}</code></h3>'
        f"<p><strong>{escape(operation['summary'])}.</strong> {escape(operation['description'])}</p>"
        f'<dl class="answers">{facts}</dl></section>'
    )


def _shape(name: str, schema: dict[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = "".join(
        f"<div><dt>{escape(field)}{' *' if field in needed else ''}</dt><dd>{escape(_shown(of))}</dd></div>"
        for field, of in schema.get("properties", {}).items()
    )
    told = escape(schema.get("description", ""))
    return (
        f'<section class="panel" id="{escape(name)}"><h3>{escape(name)}</h3><p>{told}</p>'
        f'<dl class="answers">{rows}</dl></section>'
    )


def _shown(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_shown(schema['items'])}"
    if "enum" in schema or "const" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    kinds = schema.get("type", "")
    told = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return " ".join(part for part in (told, schema.get("description", "")) if part)
