"""The first opinion: botocore's models. What is wrong about the form of an answer."""

import json
import re
import xml.etree.ElementTree as ElementTree

# What a service may answer to any of its operations: the page of common errors of each service, such as
# <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>.
COMMON_ERRORS = {
    "AccessDeniedException", "ThrottlingException", "Throttling", "ValidationException", "ValidationError",
    "UnknownOperationException", "InvalidAction", "SerializationException",
    # <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    "NoSuchBucket",
}


def of_the_model(answer):
    """What an answer of the embedded AWS has that its model does not know, or lacks what the model requires."""
    model = answer.model
    if answer.code is not None:
        errors = {(s.metadata.get("error") or {}).get("code") or s.name: s for s in model.error_shapes}
        if answer.code in errors:
            error = errors[answer.code].metadata.get("error") or {}
            wanted = error.get("httpStatusCode")
            if wanted and wanted != answer.status and not error.get("senderFault"):
                yield f"{answer.code} has the status {answer.status}, the model says {wanted}"
        elif answer.code not in COMMON_ERRORS:
            yield f"{answer.code} is no error of this operation: {sorted(errors)}"
        return
    shape = model.output_shape
    if shape is None or any(m.serialization.get("streaming") for m in shape.members.values()):
        return
    protocol = model.service_model.metadata["protocol"]
    if protocol in ("query", "rest-xml"):
        root = ElementTree.fromstring(answer.raw) if answer.raw.strip() else None
        if root is None:
            return
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        wrapper = shape.serialization.get("resultWrapper")
        element = root.find(wrapper) if wrapper else root
        if element is not None:
            yield from of_xml(shape, element, "")
        elif shape.required_members:
            yield f"there is no {wrapper}"
    else:
        value = json.loads(answer.raw or b"{}")
        payload = shape.serialization.get("payload")
        yield from of_json(shape.members[payload] if payload else shape, value, "", protocol)


JSON_TYPES = {
    "structure": dict, "map": dict, "list": list, "string": str, "character": str, "blob": str, "boolean": bool,
    "integer": int, "long": int, "float": (int, float), "double": (int, float), "timestamp": (int, float),
}


def of_json(shape, value, path, protocol):
    kind = shape.type_name
    wanted = JSON_TYPES[kind]
    if kind == "timestamp" and shape.serialization.get("timestampFormat", "unixTimestamp") != "unixTimestamp":
        wanted = str
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path or 'the answer'} is {value!r}, which is no {kind}"
    elif kind == "structure":
        in_body = {n: s for n, s in shape.members.items() if "location" not in s.serialization}
        members = {s.serialization.get("name", n): (n, s) for n, s in in_body.items()}
        for name, inner in value.items():
            if name not in members:
                yield f"{path}.{name} is unknown"
            else:
                yield from of_json(members[name][1], inner, f"{path}.{name}", protocol)
        for name in shape.required_members:
            wire = shape.members[name].serialization.get("name", name)
            if "location" not in shape.members[name].serialization and wire not in value:
                yield f"{path}.{name} is required and not there"
        if shape.metadata.get("union") and len(value) != 1:
            yield f"{path} is a union and has {len(value)} members"
    elif kind == "list":
        for item in value:
            yield from of_json(shape.member, item, f"{path}[]", protocol)
    elif kind == "map":
        for inner in value.values():
            yield from of_json(shape.value, inner, f"{path}{{}}", protocol)
    elif kind == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} is {value!r}, which is none of {shape.enum}"


def of_xml(shape, element, path):
    kind, text = shape.type_name, (element.text or "").strip()
    if kind == "structure":
        members = {}
        for name, inner in shape.members.items():
            flat = inner.type_name == "list" and inner.serialization.get("flattened")
            wire = (inner.member if flat else inner).serialization.get("name")
            wire = wire or inner.serialization.get("name") or name
            members[wire] = (name, inner, flat)
        present = set()
        for child in element:
            if child.tag not in members:
                yield f"{path}.{child.tag} is unknown"
                continue
            name, inner, flat = members[child.tag]
            if name in present and not flat:
                yield f"{path}.{name} is there twice"
            present.add(name)
            yield from of_xml(inner.member if flat else inner, child, f"{path}.{name}")
        for name in shape.required_members:
            # A list that is required and empty has no element in a flattened list.
            if name not in present:
                yield f"{path}.{name} is required and not there"
    elif kind == "list":
        tag = shape.member.serialization.get("name", "member")
        for child in element:
            if child.tag != tag:
                yield f"{path} has an item {child.tag}, not {tag}"
            yield from of_xml(shape.member, child, f"{path}[]")
    elif len(element):
        yield f"{path} has elements, and is a {kind}"
    elif kind == "boolean" and text not in ("true", "false"):
        yield f"{path} is {text!r}, which is no boolean"
    elif kind in ("integer", "long") and not re.fullmatch(r"-?\d+", text):
        yield f"{path} is {text!r}, which is no {kind}"
    elif kind == "timestamp" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
        yield f"{path} is {text!r}, which is no date"
    elif kind == "string" and getattr(shape, "enum", None) and text not in shape.enum:
        yield f"{path} is {text!r}, which is none of {shape.enum}"
