#!/usr/bin/python3
"""check_openapi.py DOCUMENT ANSWERS: holds a description of an API against what the API answered.

DOCUMENT is OpenAPI 3.1; ANSWERS has a JSON object a line: method, path (as a client wrote it, without the query),
status, type (the content type, or "") and body. Says everything that is wrong, a line each, and exits 1 if anything is.
"""
import json
import re
import sys

import jsonschema

METHODS = {"get", "put", "post", "delete", "patch"}
complaints = []


def complain(where, what):
    complaints.append(f"{where}: {what}")


def resolve(document, reference):
    node = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def walk(node, at=""):
    yield at, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{at}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{at}/{index}")


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def deref(document, node):
    return resolve(document, node["$ref"]) if "$ref" in node else node


def check_schema(at, schema):
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        complain(at, f"no schema: {error.message}")
    for place, node in walk(schema, at):
        if isinstance(node, dict) and node.get("type") == "object" and "properties" in node:
            for name in node.get("required", []):
                if name not in node["properties"] and node.get("unevaluatedProperties") is not False:
                    complain(place, f"requires {name} and does not describe it")


def check_document(document):
    if not document.get("openapi", "").startswith("3.1."):
        complain("openapi", "is not 3.1")
    for key in ("title", "version"):
        if not document["info"].get(key):
            complain("info", f"has no {key}")
    for at, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            try:
                resolve(document, node["$ref"])
            except KeyError:
                complain(at, f"leads nowhere: {node['$ref']}")
    used = {node["$ref"] for _, node in walk(document) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    for kind, parts in document["components"].items():
        for name in parts:
            if f"#/components/{kind}/{name}" not in used:
                complain(f"components/{kind}/{name}", "is used nowhere")
    for name, schema in document["components"]["schemas"].items():
        check_schema(f"components/schemas/{name}", schema)
    tags = {tag["name"] for tag in document["tags"]}
    names = set()
    for path, method, operation in operations(document):
        at = f"{method} {path}"
        if method not in METHODS:
            complain(at, "is no method")
        if operation["operationId"] in names:
            complain(at, f"{operation['operationId']} is taken")
        names.add(operation["operationId"])
        if not operation.get("summary") or not set(operation["tags"]) <= tags:
            complain(at, "lacks a summary, or a tag that is described")
        parameters = [deref(document, each) for each in operation.get("parameters", [])]
        in_path = {each["name"] for each in parameters if each["in"] == "path" and each.get("required")}
        if in_path != set(re.findall(r"{(\w+)}", path)):
            complain(at, f"its parameters in the path are {sorted(in_path)}")
        if len({(each["name"], each["in"]) for each in parameters}) != len(parameters):
            complain(at, "describes a parameter twice")
        for place, node in walk(operation, at):
            if isinstance(node, dict) and "schema" in node:
                check_schema(place, node["schema"])
                if "example" in node and "content" not in node and "name" not in node:
                    check_value(document, f"{place}/example", node["schema"], node["example"])
        for status, response in operation["responses"].items():
            if not re.fullmatch(r"[1-5]\d\d|default", status) or not response.get("description"):
                complain(f"{at} {status}", "is no status with a description")


def check_value(document, at, schema, value):
    # What a reference in it leads to is found from here.
    whole = {**schema, "components": document["components"]} if "$ref" not in schema else {
        "allOf": [schema], "components": document["components"]}
    for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
        deepest = error
        while deepest.context:
            deepest = max(deepest.context, key=lambda each: len(each.absolute_path))
        complain(at, f"{'/'.join(map(str, deepest.absolute_path))}: {deepest.message[:300]}")


def find_operation(document, method, path):
    best = None
    for pattern, item in document["paths"].items():
        regex = re.sub(r"{\w+}", "[^/]+", pattern)
        if method in item and re.fullmatch(regex, path) and (best is None or pattern.count("{") < best.count("{")):
            best = pattern
    return best


def check_answer(document, answer, seen):
    method, path, status = answer["method"].lower(), answer["path"], str(answer["status"])
    at = f"{method} {path} {status}"
    pattern = find_operation(document, method, path)
    if pattern is None:
        return complain(at, "is not described")
    responses = document["paths"][pattern][method]["responses"]
    seen.setdefault((pattern, method), set()).add(status)
    response = responses.get(status) or responses.get("default")
    if response is None:
        return complain(at, f"this status is not described: {answer['body'][:300]}")
    content = response.get("content", {})
    if not content and not answer["body"]:
        return None
    if answer["type"] not in content:
        return complain(at, f"the content type {answer['type']} is not described")
    texts = answer["body"].splitlines() if answer["type"].endswith("ndjson") else [answer["body"]]
    for text in texts:
        value = text if answer["type"].startswith("text/") else json.loads(text)
        check_value(document, at, content[answer["type"]]["schema"], value)
    return None


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    check_document(document)
    seen = {}
    with open(sys.argv[2], encoding="utf-8") as file:
        for line in file:
            check_answer(document, json.loads(line), seen)
    for path, method, operation in operations(document):
        good = {status for status in operation["responses"] if status.startswith("2")}
        if not good & seen.get((path, method), set()):
            complain(f"{method} {path}", "nobody has seen it answer")
    print("\n".join(complaints))
    sys.exit(1 if complaints else 0)


main()
