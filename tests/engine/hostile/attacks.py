"""Files that want to run code, read other files or use up the machine, each with the refusal it must meet."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from tests.engine.bpmn.diagrams import END, START, bpmn, extension, line, properties, task

DIAGRAM, TABLE, FORM, SCENARIO, MANIFEST = (
    "p.bpmn",
    "d.dmn",
    "f.form",
    "scenarios/s.yaml",
    "jurisdiction.toml",
)
ZIP = "bundle.zip"
"""The name under which an attack's bytes are read; a zip is read as a bundle."""

TOML = b'format = 1\nid = "hongshan"\nname = "x"\n'


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile file: `code` is that of the finding it must earn."""

    name: str
    file: str
    data: bytes
    code: str


def attacks() -> Iterator[Attack]:
    """All of them."""
    yield from _xml()
    yield from _encodings()
    yield from _sizes()
    yield from _code()
    yield from _feel()
    yield from _graphs()
    yield from _tables()
    yield from _forms()
    yield from _texts()
    yield from _archives()


# --------------------------------------------------------------------------- XML
def _with_doctype(doctype: str, inside: str = "") -> bytes:
    head, _, rest = line(task("a", "", f"<bpmn:documentation>{inside}</bpmn:documentation>")).partition(b"\n")
    return head + b"\n" + doctype.encode() + b"\n" + rest


def _xml() -> Iterator[Attack]:
    local = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield Attack("xxe-file", DIAGRAM, _with_doctype(local, "&x;"), "xml-doctype")
    remote = '<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'
    yield Attack("xxe-network", DIAGRAM, _with_doctype(remote, "&x;"), "xml-doctype")
    yield Attack("xxe-in-table", TABLE, _with_doctype(local, "&x;"), "xml-doctype")
    external = '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/evil.dtd">'
    yield Attack("external-dtd", DIAGRAM, _with_doctype(external), "xml-doctype")
    parameter = '<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'
    yield Attack("parameter-entity", DIAGRAM, _with_doctype(parameter), "xml-doctype")
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    yield Attack(
        "billion-laughs",
        DIAGRAM,
        _with_doctype(f'<!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]>', "&l11;"),
        "xml-doctype",
    )
    quadratic = f'<!DOCTYPE d [<!ENTITY q "{"q" * 50_000}">]>'
    yield Attack("quadratic-blow-up", DIAGRAM, _with_doctype(quadratic, "&q;" * 20_000), "xml-doctype")
    hidden = "<!-- <!ELEMENT harmless> --> <!-- --> " + local
    yield Attack("doctype-behind-comments", DIAGRAM, _with_doctype(hidden, "&x;"), "xml-doctype")
    defaults = '<!DOCTYPE d [<!ATTLIST userTask candidateGroups CDATA "everybody">]>'
    yield Attack("attribute-defaults", DIAGRAM, _with_doctype(defaults), "xml-doctype")
    yield Attack("unknown-entity", DIAGRAM, _with_doctype("", "&passwd;"), "xml-not-well-formed")
    sheet = '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl" type="text/xsl"?>'
    yield Attack("stylesheet", DIAGRAM, _with_doctype(sheet), "xml-processing-instruction")
    yield Attack(
        "php-instruction", DIAGRAM, _with_doctype("", "<?php system('id') ?>"), "xml-processing-instruction"
    )
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    yield Attack("xinclude", DIAGRAM, _with_doctype("", include), "xml-include")
    yield Attack("broken-off", DIAGRAM, line(task("a"))[:-40], "xml-not-well-formed")
    yield Attack("two-roots", DIAGRAM, line(task("a")) + b"<x/>", "xml-not-well-formed")
    yield Attack("character-zero-by-number", DIAGRAM, _with_doctype("", "&#0;"), "xml-not-well-formed")
    yield Attack("page-as-diagram", DIAGRAM, b"<html><script>alert(1)</script></html>", "not-bpmn")
    yield Attack("page-as-table", TABLE, b"<html/>", "dmn.not_dmn")
    yield Attack("empty", DIAGRAM, b"", "xml-empty")


def _encodings() -> Iterator[Attack]:
    text = line(task("a")).decode()
    yield Attack(
        "utf-7",
        DIAGRAM,
        text.replace("UTF-8", "UTF-7").replace("<bpmn:userTask", "+ADw-bpmn:userTask").encode(),
        "xml-encoding",
    )
    evil = (
        '<?xml version="1.0" encoding="UTF-16"?>'
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'
    )
    yield Attack("utf-16", DIAGRAM, evil.encode("utf-16"), "xml-encoding")
    yield Attack("utf-16-without-mark", DIAGRAM, evil.encode("utf-16-le"), "xml-encoding")
    yield Attack("utf-32", DIAGRAM, evil.encode("utf-32"), "xml-encoding")
    yield Attack("ebcdic", DIAGRAM, text.replace("UTF-8", "cp037").encode(), "xml-encoding")
    yield Attack("not-what-it-says", DIAGRAM, text.encode() + b"\xff\xfe", "xml-encoding")
    yield Attack("null-bytes", DIAGRAM, text.replace('id="a"', 'id="a\x00"').encode(), "xml-null-byte")
    yield Attack("two-marks", DIAGRAM, b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(), "xml-encoding")


def _sizes() -> Iterator[Attack]:
    yield Attack("too-many-bytes", DIAGRAM, b"<!--" + b"x" * 30_000_000 + b"-->", "xml-too-large")
    yield Attack(
        "huge-attribute", DIAGRAM, line(task("a", f'name="{"n" * 3_000_000}"')), "xml-attribute-too-long"
    )
    many = " ".join(f'a{i}="1"' for i in range(100_000))
    yield Attack("hundred-thousand-attributes", DIAGRAM, line(task("a", many)), "xml-attribute-too-long")
    spaces = " ".join(f'xmlns:n{i}="u{i}"' for i in range(20_000))
    yield Attack("twenty-thousand-namespaces", DIAGRAM, line(task("a", spaces + "<")), "xml-not-well-formed")
    yield Attack("deep-nesting", DIAGRAM, b"<a>" * 200_000 + b"</a>" * 200_000, "xml-too-many-elements")
    yield Attack("nested-just-below-the-count", DIAGRAM, b"<a>" * 20_000 + b"</a>" * 20_000, "xml-too-deep")
    inner = "<bpmn:subProcess>" * 150 + "</bpmn:subProcess>" * 150
    yield Attack("nested-sub-processes", DIAGRAM, bpmn(inner), "xml-too-deep")
    yield Attack(
        "hundred-thousand-elements", DIAGRAM, bpmn('<bpmn:task id="x"/>' * 100_000), "xml-too-many-elements"
    )
    yield Attack(
        "twenty-thousand-tasks", DIAGRAM, line(*(task(f"t{i}") for i in range(20_000))), "too-much-to-read"
    )
    flows = '<bpmn:sequenceFlow sourceRef="start" targetRef="end"/>'
    ends = "".join(
        flows.replace("<bpmn:sequenceFlow", f'<bpmn:sequenceFlow id="f{i}"') for i in range(40_000)
    )
    yield Attack("forty-thousand-flows", DIAGRAM, bpmn(START + END + ends), "too-much-to-read")
    events = '<bpmn:subProcess id="s{}" triggeredByEvent="true"/>'
    yield Attack(
        "ten-thousand-event-sub-processes",
        DIAGRAM,
        bpmn("".join(map(events.format, range(10_000)))),
        "too-much-to-read",
    )
    tasks = line(*(task(f"t{i}") for i in range(1_500)))
    yield Attack("more-tasks-than-run", DIAGRAM, tasks, "too-many-nodes")
    beside = "".join(f'<bpmn:process id="q{i}" isExecutable="true"/>' for i in range(20_000))
    yield Attack(
        "twenty-thousand-processes",
        DIAGRAM,
        bpmn(START + END, "start>end", before=beside),
        "too-much-to-read",
    )
    yield Attack("giant-id", DIAGRAM, line(task("a" * 15_000)), "unusable-id")
    yield Attack("markup-as-id", DIAGRAM, line(task("&quot;&gt;&lt;script&gt;")), "unusable-id")
    back = [
        task(f"t{i}", "", properties(returnTo=" ".join(f"x{j}" for j in range(3_000)))) for i in range(200)
    ]
    yield Attack("six-hundred-thousand-returns", DIAGRAM, line(*back), "return-to-too-many")


# --------------------------------------------------------------------------- code
def _condition(text: str) -> bytes:
    gateway = '<bpmn:exclusiveGateway id="g" default="n"/>'
    condition = f"<bpmn:conditionExpression><![CDATA[{text}]]></bpmn:conditionExpression>"
    flow = f'<bpmn:sequenceFlow id="y" sourceRef="g" targetRef="a">{condition}</bpmn:sequenceFlow>'
    return bpmn(START + gateway + task("a") + END + flow, "start>g n:g>end a>end")


def _code() -> Iterator[Attack]:
    for name, text in (
        ("import", "__import__('os').system('id')"),
        ("subclasses", "().__class__.__bases__[0].__subclasses__()"),
        ("lambda", "(lambda: exit())()"),
        ("comprehension", "[x for x in open('/etc/passwd')]"),
        ("f-string", "f'{open}'"),
        ("walrus", "(x := 1)"),
    ):
        yield Attack(f"python-{name}", DIAGRAM, _condition(text), "feel-syntax")
    yield Attack(
        "python-import-call", DIAGRAM, _condition('__import__("os") = null'), "feel-unknown-function"
    )
    yield Attack("python-eval-call", DIAGRAM, _condition('eval("1") = 1'), "feel-unknown-function")
    java = '${T(java.lang.Runtime).getRuntime().exec("id")}'
    yield Attack("java-spel", DIAGRAM, _condition(java), "feel-unknown-function")
    yield Attack("java-el-class", DIAGRAM, _condition("${''.getClass().forName('x')}"), "feel-syntax")
    yield Attack(
        "feel-external-java",
        DIAGRAM,
        _condition(
            '(function() external {java: {class: "java.lang.Math", "method signature": "x()"}})() = 1'
        ),
        "feel-external-function",
    )
    script = '<bpmn:script>import os; os.system("id")</bpmn:script>'
    yield Attack(
        "script-task", DIAGRAM, line(task("a", 'scriptFormat="python"', script, "scriptTask")), "script-task"
    )
    yield Attack(
        "java-class", DIAGRAM, line(task("a", 'camunda:class="evil.Run"', "", "serviceTask")), "code-attached"
    )
    yield Attack(
        "java-expression",
        DIAGRAM,
        line(task("a", 'camunda:expression="${bean.run()}"', "", "serviceTask")),
        "code-attached",
    )
    listener = extension(
        '<camunda:executionListener event="start">'
        '<camunda:script scriptFormat="groovy">1</camunda:script></camunda:executionListener>'
    )
    yield Attack("listener-script", DIAGRAM, line(task("a", "", listener)), "listener")
    mapped = extension(
        '<camunda:inputOutput><camunda:inputParameter name="x">'
        '<camunda:script scriptFormat="js">1</camunda:script></camunda:inputParameter></camunda:inputOutput>'
    )
    yield Attack("mapping-script", DIAGRAM, line(task("a", "", mapped)), "inline-script")
    connector = extension(
        "<camunda:connector><camunda:connectorId>http-connector</camunda:connectorId></camunda:connector>"
    )
    yield Attack("http-connector", DIAGRAM, line(task("a", "", connector)), "connector")
    cardinality = '<bpmn:loopCardinality>__import__("os").system("id")</bpmn:loopCardinality>'
    loop = f"<bpmn:multiInstanceLoopCharacteristics>{cardinality}</bpmn:multiInstanceLoopCharacteristics>"
    yield Attack("python-in-cardinality", DIAGRAM, line(task("a", "", loop)), "feel-unknown-function")
    duration = '<bpmn:timeDuration>open("/etc/passwd").read()</bpmn:timeDuration>'
    timer = f"<bpmn:timerEventDefinition>{duration}</bpmn:timerEventDefinition>"
    yield Attack(
        "python-in-timer",
        DIAGRAM,
        line(task("a", "", timer, "intermediateCatchEvent")),
        "feel-unknown-function",
    )
    spiff = '<s:preScript xmlns:s="http://spiffworkflow.org/bpmn/schema/1.0/core">import os</s:preScript>'
    yield Attack("spiff-script", DIAGRAM, line(task("a", "", extension(spiff))), "other-dialect")


def _feel() -> Iterator[Attack]:
    yield Attack("feel-nesting", DIAGRAM, _condition("(" * 1_900 + "1" + ")" * 1_900), "feel-syntax")
    yield Attack("feel-long", DIAGRAM, _condition("1+" * 500_000 + "1 = 1"), "feel-too-long")
    yield Attack("feel-not-not", DIAGRAM, _condition("not(" * 700 + "a" + ")" * 700), "feel-syntax")
    yield Attack(
        "feel-names",
        DIAGRAM,
        _condition(f"[{', '.join(f'n{i}' for i in range(500))}] = null"),
        "feel-too-many-unknown-names",
    )
    yield Attack("feel-brackets", DIAGRAM, _condition("[" * 3_000), "feel-syntax")
    yield Attack("feel-quote", DIAGRAM, _condition('"' + "\\" * 3_001), "feel-syntax")


def _graphs() -> Iterator[Attack]:
    yield Attack(
        "calls-itself",
        DIAGRAM,
        line(task("a", 'calledElement="p"', "", "callActivity")),
        "process-calls-itself",
    )
    split = "".join(task(f"g{i}", "", "", "parallelGateway") for i in range(100))
    merge = "".join(task(f"m{i}", "", "", "exclusiveGateway") for i in range(99))
    flows = "start>g0 " + " ".join(f"g{i}>m{i} x{i}:g{i}>m{i} m{i}>g{i + 1}" for i in range(99))
    yield Attack(
        "doubling-gateways",
        DIAGRAM,
        bpmn(START + split + merge + END, flows + " g99>end"),
        "branches-not-joined",
    )


# --------------------------------------------------------------------------- tables, forms, texts
_DMN = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    "{}</definitions>"
)


def _literal(text: str) -> bytes:
    cell = f"<literalExpression><text><![CDATA[{text}]]></text></literalExpression>"
    return _DMN.format(f'<decision id="d" name="d">{cell}</decision>').encode()


def _tables() -> Iterator[Attack]:
    yield Attack("python-in-table", TABLE, _literal("__import__('os').system('id')"), "dmn.feel_syntax")
    yield Attack("nested-table-expression", TABLE, _literal("(" * 100_000 + "1"), "dmn.feel_syntax")
    lists = "<list>" * 110 + "</list>" * 110
    yield Attack(
        "nested-boxes",
        TABLE,
        _DMN.format(f'<decision id="d" name="d">{lists}</decision>').encode(),
        "dmn.too_deep",
    )
    circle = "".join(
        f'<decision id="{own}" name="{own}"><informationRequirement><requiredDecision href="#{other}"/>'
        "</informationRequirement><literalExpression><text>1</text></literalExpression></decision>"
        for own, other in ("ab", "ba")
    )
    yield Attack("decisions-in-a-circle", TABLE, _DMN.format(circle).encode(), "dmn.cycle")


def _forms() -> Iterator[Attack]:
    yield Attack("form-nesting", FORM, b'{"components": ' + b"[" * 200_000, "form.unreadable")
    yield Attack("form-no-json", FORM, b"__import__('os')", "form.unreadable")
    yield Attack("form-too-large", FORM, b'{"a": "' + b"x" * 20_000_000 + b'"}', "form.unreadable")


def _texts() -> Iterator[Attack]:
    laughs = b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 120)
    )
    yield Attack("yaml-laughs", SCENARIO, laughs, "scenario-unreadable")
    yield Attack(
        "yaml-python", SCENARIO, b"process: !!python/object/apply:os.system [id]\n", "scenario-unreadable"
    )
    yield Attack("yaml-nesting", SCENARIO, b"process: " + b"[" * 20_000, "scenario-unreadable")
    yield Attack("yaml-large", SCENARIO, b"process: " + b"x" * 20_000_000, "scenario-unreadable")
    yield Attack("toml-nesting", MANIFEST, TOML + b"x = " + b"[" * 100_000, "manifest")
    yield Attack("toml-large", MANIFEST, TOML + b"#" * 20_000_000, "manifest")
    yield Attack("toml-unknown-key", MANIFEST, TOML + b'command = "rm -rf /"\n', "manifest")


# --------------------------------------------------------------------------- archives
def _zip(*entries: tuple[str, bytes], compress: int = zipfile.ZIP_STORED, mode: int = stat.S_IFREG) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compress) as archive:
        archive.writestr("jurisdiction.toml", TOML)
        for name, data in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (mode | 0o777) << 16
            entry.compress_type = compress
            # Whoever collects the tests packs hundreds of megabytes here: in the quickest way.
            archive.writestr(entry, data, compresslevel=1)
    return packed.getvalue()


def _archives() -> Iterator[Attack]:
    deflated = zipfile.ZIP_DEFLATED
    yield Attack(
        "zip-bomb", ZIP, _zip(("bpmn/a.bpmn", b"\0" * 200_000_000), compress=deflated), "bundle-too-large"
    )
    small = [(f"bpmn/a{i}.bpmn", b"\0" * 4_000_000) for i in range(30)]
    yield Attack("zip-many-bombs", ZIP, _zip(*small, compress=deflated), "bundle-too-large")
    yield Attack(
        "zip-lying-header",
        ZIP,
        _lying(_zip(("bpmn/a.bpmn", b"\0" * 50_000_000), compress=deflated)),
        "bundle-not-zip",
    )
    yield Attack("zip-traversal", ZIP, _zip(("../../etc/cron.d/x", b"x")), "bundle-path")
    yield Attack("zip-traversal-inside", ZIP, _zip(("bpmn/../../x.bpmn", b"x")), "bundle-path")
    yield Attack("zip-backslashes", ZIP, _zip(("bpmn\\..\\..\\x.bpmn", b"x")), "bundle-path")
    yield Attack("zip-absolute", ZIP, _zip(("/etc/passwd", b"x")), "bundle-path")
    yield Attack("zip-drive", ZIP, _zip(("C:/x.bpmn", b"x")), "bundle-path")
    yield Attack("zip-symlink", ZIP, _zip(("bpmn/a.bpmn", b"/etc/passwd"), mode=stat.S_IFLNK), "bundle-link")
    yield Attack("zip-device", ZIP, _zip(("bpmn/a.bpmn", b""), mode=stat.S_IFCHR), "bundle-link")
    yield Attack("zip-case-twice", ZIP, _zip(("bpmn/a.bpmn", b"x"), ("bpmn/A.bpmn", b"y")), "bundle-twice")
    yield Attack("zip-twice", ZIP, _twice(), "bundle-twice")
    yield Attack("zip-python", ZIP, _zip(("bpmn/__init__.py", b"import os")), "bundle-unknown-entry")
    yield Attack("zip-hidden", ZIP, _zip(("bpmn/.git/config", b"x")), "bundle-unknown-entry")
    yield Attack(
        "zip-many-entries", ZIP, _zip(*((f"bpmn/a{i}.bpmn", b"") for i in range(5_000))), "bundle-too-many"
    )
    yield Attack(
        "zip-lzma", ZIP, _zip(("bpmn/a.bpmn", b"x" * 1_000), compress=zipfile.ZIP_LZMA), "bundle-compression"
    )
    yield Attack("zip-in-zip", ZIP, _zip(("bpmn/a.zip", _zip())), "bundle-unknown-entry")
    yield Attack(
        "zip-checksums", ZIP, _zip(("CHECKSUMS", b"0" * 64 + b"  jurisdiction.toml\n")), "bundle-checksums"
    )
    yield Attack("no-zip", ZIP, b"PK\x03\x04" + b"\0" * 100, "bundle-not-zip")
    yield Attack("zip-too-large", ZIP, b"PK\x03\x04" + b"\0" * 21_000_000, "bundle-too-large")
    yield Attack(
        "zip-without-manifest",
        ZIP,
        _zip().replace(b"jurisdiction.toml", b"jurisdiction_toml"),
        "bundle-unknown-entry",
    )


def _lying(data: bytes) -> bytes:
    """The sizes of the last entry in the directory made small: only unpacking tells the truth."""
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 24] + (1_000).to_bytes(4, "little") + data[at + 28 :]


def _twice() -> bytes:
    data = _zip(("bpmn/a.bpmn", b"x"), ("bpmn/b.bpmn", b"y"))
    return data.replace(b"bpmn/b.bpmn", b"bpmn/a.bpmn")
