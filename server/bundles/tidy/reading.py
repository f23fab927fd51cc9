"""BPMN XML to planes of nodes, flows, lanes and pools; hardened, because diagrams come from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from server.bundles.tidy.graph import Flow, FlowKind, Lane, Node, NodeKind, Plane, Pool, Scope, TidyError
from server.bundles.tidy.text import node_size

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
MAX_BYTES = 5_000_000

ACTIVITIES = frozenset(
    [
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
        "callActivity",
        "subProcess",
        "adHocSubProcess",
        "transaction",
        "callChoreography",
        "choreographyTask",
        "subChoreography",
    ]
)
CONTAINERS = frozenset(("subProcess", "adHocSubProcess", "transaction"))
EVENTS = frozenset(
    [
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
        "implicitThrowEvent",
    ]
)
GATEWAYS = frozenset(
    ["exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"]
)
DATA = frozenset(
    ("dataObjectReference", "dataStoreReference", "dataInput", "dataOutput"),
)
FLOW_NODES = ACTIVITIES | EVENTS | GATEWAYS


def bpmn(tag: str) -> str:
    """The qualified name of a BPMN element."""
    return f"{{{BPMN}}}{tag}"


def local(element: etree._Element) -> str:
    """The BPMN tag of an element without its namespace, or "" for anything else."""
    tag = element.tag
    prefix = f"{{{BPMN}}}"
    return tag[len(prefix) :] if isinstance(tag, str) and tag.startswith(prefix) else ""


def parse(xml: bytes) -> etree._Element:
    """The `definitions` element. Entities, document types and oversized files are refused.

    Raises TidyError when the bytes are not a BPMN 2.0 file.
    """
    if len(xml) > MAX_BYTES:
        raise TidyError(f"The file has {len(xml)} bytes; at most {MAX_BYTES} are read. Split the diagram.")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, strip_cdata=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise TidyError(f"Not well-formed XML: {error}. Open and save it in a modeler first.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise TidyError("The file carries a document type declaration (DOCTYPE). Remove it.")
    if local(root) != "definitions":
        raise TidyError(f"The root element is {root.tag!s}, not BPMN 2.0 definitions. Is it a BPMN file?")
    return root


def planes(root: etree._Element) -> list[Plane]:
    """What is to be drawn: the collaboration with its pools, and every process outside it.

    Raises TidyError when ids are missing or repeated, or the file holds nothing to draw.
    """
    _check_ids(root)
    processes = {element.get("id", ""): element for element in root.iterfind(bpmn("process"))}
    found: list[Plane] = []
    pooled: set[str] = set()
    for collaboration in root.iterfind(bpmn("collaboration")):
        participants = list(collaboration.iterfind(bpmn("participant")))
        if participants:
            pools = [_pool(participant, processes) for participant in participants]
            pooled |= {pool.scope.id for pool in pools if pool.scope is not None}
            found.append(Plane(collaboration.get("id", ""), pools, _crossing(collaboration)))
    for process_id, process in processes.items():
        if process_id not in pooled:
            found.append(Plane(process_id, [_process_pool(process, None, "")]))
    for plane in found:
        _mend(plane)
    if not any(True for plane in found for _ in plane.nodes()):
        raise TidyError("The file holds no process with elements in it; nothing can be laid out.")
    return found


def _check_ids(root: etree._Element) -> None:
    seen: set[str] = set()
    for element in root.iter(*(bpmn(tag) for tag in FLOW_NODES | DATA | {"sequenceFlow", "lane", "process"})):
        found = element.get("id")
        if not found:
            where = element.get("name") or f"line {element.sourceline}"
            raise TidyError(f"{local(element)} {where} has no id; give it one.")
        if found in seen:
            raise TidyError(f"The id {found} is used twice (line {element.sourceline}); ids must be unique.")
        seen.add(found)


def _pool(participant: etree._Element, processes: dict[str, etree._Element]) -> Pool:
    reference = (participant.get("processRef") or "").split(":")[-1]
    identity, name = participant.get("id", ""), participant.get("name", "")
    if reference in processes:
        pool = _process_pool(processes[reference], identity, name)
        if pool.scope is not None and pool.scope.nodes:
            return pool
    return Pool(identity, name)


def _process_pool(process: etree._Element, identity: str | None, name: str) -> Pool:
    lanes = [
        _lane(lane)
        for laneset in process.iterfind(bpmn("laneSet"))
        for lane in laneset.iterfind(bpmn("lane"))
    ]
    scope = _scope(process)
    for laneset in process.iterfind(bpmn("laneSet")):
        for lane in laneset.iter(bpmn("lane")):
            if lane.find(bpmn("childLaneSet")) is None:
                for reference in lane.iterfind(bpmn("flowNodeRef")):
                    node = scope.nodes.get((reference.text or "").strip())
                    if node is not None:
                        node.lane = lane.get("id")
    return Pool(identity, name, lanes, scope)


def _lane(element: etree._Element) -> Lane:
    children = [
        _lane(lane)
        for inner in element.iterfind(bpmn("childLaneSet"))
        for lane in inner.iterfind(bpmn("lane"))
    ]
    return Lane(element.get("id", ""), element.get("name", ""), children)


def _scope(container: etree._Element) -> Scope:
    scope = Scope(container.get("id", ""))
    for element in container:
        node = _node(element)
        if node is not None:
            scope.nodes[node.id] = node
        elif local(element) == "sequenceFlow":
            scope.flows.append(_flow(element, FlowKind.SEQUENCE))
    defaults = {element.get("default", "").split(":")[-1] for element in container}
    scope.flows = [replace(flow, default=flow.id in defaults) for flow in scope.flows]
    scope.flows.extend(_links(container))
    return scope


def _node(element: etree._Element) -> Node | None:
    tag = local(element)
    kind = _kind(tag)
    if kind is None or not element.get("id"):
        return None
    node = Node(element.get("id", ""), kind, _name(element, tag), tag)
    if tag == "boundaryEvent":
        node.host = element.get("attachedToRef")
    link = element.find(bpmn("linkEventDefinition"))
    node.link = link.get("name", "") if link is not None else ""
    if tag in CONTAINERS:
        inner = _scope(element)
        if inner.nodes:
            node.kind, node.inner = NodeKind.SUBPROCESS, inner
        node.apart = element.get("triggeredByEvent") == "true"
    node.width, node.height = node_size(node)
    return node


def _kind(tag: str) -> NodeKind | None:
    if tag in ACTIVITIES:
        return NodeKind.TASK
    if tag in EVENTS:
        return NodeKind.EVENT
    if tag in GATEWAYS:
        return NodeKind.GATEWAY
    if tag in DATA:
        return NodeKind.DATA
    return NodeKind.ANNOTATION if tag == "textAnnotation" else None


def _name(element: etree._Element, tag: str) -> str:
    if tag == "textAnnotation":
        text = element.find(bpmn("text"))
        return (text.text or "") if text is not None else ""
    return element.get("name", "")


def _flow(element: etree._Element, kind: FlowKind) -> Flow:
    source, target = element.get("sourceRef", ""), element.get("targetRef", "")
    return Flow(
        element.get("id", ""), kind, source.split(":")[-1], target.split(":")[-1], element.get("name", "")
    )


def _links(container: etree._Element) -> Iterator[Flow]:
    """Associations, and the data associations of the activities and events directly inside."""
    for association in container.iterfind(bpmn("association")):
        if association.get("id"):
            yield _flow(association, FlowKind.LINK)
    for element in container:
        for tag in ("dataInputAssociation", "dataOutputAssociation"):
            for association in element.iterfind(bpmn(tag)):
                yield from _data_link(element.get("id", ""), association)


def _data_link(owner: str, association: etree._Element) -> Iterator[Flow]:
    into = local(association) == "dataInputAssociation"
    other = association.find(bpmn("sourceRef" if into else "targetRef"))
    identity = association.get("id")
    if identity and other is not None and other.text:
        ends = (other.text.strip(), owner) if into else (owner, other.text.strip())
        yield Flow(identity, FlowKind.LINK, *ends)


def _crossing(collaboration: etree._Element) -> list[Flow]:
    flows = [_flow(element, FlowKind.MESSAGE) for element in collaboration.iterfind(bpmn("messageFlow"))]
    return flows + [_flow(item, FlowKind.LINK) for item in collaboration.iterfind(bpmn("association"))]


def _mend(plane: Plane) -> None:
    """Drop what cannot be drawn, and move lines that leave their level to the plane's own list."""
    known = {node.id for node in plane.nodes()} | {pool.id for pool in plane.pools if pool.id}
    for pool in plane.pools:
        if pool.scope is not None:
            _mend_scope(pool.scope, plane, known)
            _give_lanes(pool)
    plane.crossing = [flow for flow in plane.crossing if {flow.source, flow.target} <= known and flow.id]


def _mend_scope(scope: Scope, plane: Plane, known: set[str]) -> None:
    for node in scope.nodes.values():
        if node.host is not None and node.host not in scope.nodes:
            node.host = None
        if node.inner is not None:
            _mend_scope(node.inner, plane, known)
    stay: list[Flow] = []
    for flow in scope.flows:
        if flow.source in scope.nodes and flow.target in scope.nodes:
            stay.append(flow)
        elif flow.kind is FlowKind.SEQUENCE:
            missing = flow.target if flow.source in scope.nodes else flow.source
            raise TidyError(
                f"Sequence flow {flow.id} refers to {missing or 'nothing'}, which is not an element of "
                f"{scope.id}. Correct its sourceRef and targetRef."
            )
        elif {flow.source, flow.target} <= known:
            plane.crossing.append(flow)
    scope.flows = stay


def _give_lanes(pool: Pool) -> None:
    """Nodes no lane lists go where their neighbours are, else to the first lane."""
    leaves = [leaf.id for lane in pool.lanes for leaf in lane.leaves()]
    if not leaves or pool.scope is None:
        return
    nodes = pool.scope.nodes
    for node in nodes.values():
        if node.lane not in leaves:
            node.lane = None
    for _ in range(len(nodes)):
        open_ends = [
            flow for flow in pool.scope.flows if None in (nodes[flow.source].lane, nodes[flow.target].lane)
        ]
        for flow in open_ends:
            source, target = nodes[flow.source], nodes[flow.target]
            target.lane = target.lane or source.lane
            source.lane = source.lane or target.lane
        if not open_ends:
            break
    for node in nodes.values():
        host = nodes.get(node.host or "")
        node.lane = (host.lane if host is not None else node.lane) or leaves[-1 if node.apart else 0]
