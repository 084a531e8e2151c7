#!/usr/bin/env python3
"""docs/openapi.json is a sound OpenAPI document, and says of the running daemon what is so."""
import json
import re
import sys
import urllib.request

from daemon import ROOT, Daemon, run_tests

BUILD = sys.argv[1]
PAGE = json.loads((ROOT / "docs" / "openapi.json").read_text())
METHODS = ("get", "post", "put", "patch", "delete")


def operations():
    for path, item in PAGE["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def every_reference_leads_somewhere():
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                at = PAGE
                for piece in node["$ref"].removeprefix("#/").split("/"):
                    at = at[piece]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(PAGE)


def every_operation_is_whole():
    assert re.fullmatch(r"3\.0\.\d+", PAGE["openapi"]) and PAGE["info"]["title"] and PAGE["info"]["version"]
    seen = set()
    for path, method, op in operations():
        where = f"{method} {path}"
        assert path.startswith("/") and op["summary"] and op["operationId"] not in seen, where
        seen.add(op["operationId"])
        assert any(s.startswith("2") for s in op["responses"]), where
        assert all(r.get("description") or "$ref" in r for r in op["responses"].values()), where
        named = {p["name"] for p in op.get("parameters", []) if p["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), where
        assert all(p.get("required") for p in op.get("parameters", []) if p["in"] == "path"), where
        for need in op["security"]:
            assert all(name in PAGE["components"]["securitySchemes"] for name in need), where
        assert method not in ("get", "delete") or "requestBody" not in op, where


def it_has_every_row_of_the_table_of_routes_and_no_other():
    rows = set(re.findall(r"^(GET|POST|PUT|PATCH|DELETE) (\S+)$", (ROOT / "tests/golden/routes.txt").read_text(), re.M))
    told = {(method.upper(), path.lower()) for path, method, op in operations() if op["tags"] != ["admin"]}
    assert told == rows, told ^ rows


def a_validator_finds_nothing():
    try:
        from openapi_spec_validator import validate
    except ImportError:
        return "SKIPPED: no openapi-spec-validator here (pip install openapi-spec-validator)"
    validate(PAGE)
    return None


def the_daemon_answers_as_it_says():
    with Daemon(BUILD) as d:
        for path, method, op in operations():
            if op["tags"] == ["admin"]:
                continue
            target = re.sub(r"\{\w+\}", "some", path)
            versions = [p["schema"]["enum"] for p in op["parameters"] if p["name"] == "api-version"]
            status, headers, text = d.request(method.upper(), f"{target}?api-version={versions[0][-1]}")
            open_to_all = op["security"] == [] or {} in op["security"]
            assert (status == 401) == (not open_to_all), f"{method} {path}: {status} {text}"
            assert status not in (404, 405, 500), f"{method} {path}: {status} {text}"
            assert headers["x-ms-request-id"], path


def the_admin_listener_answers_as_it_says():
    with Daemon(BUILD) as d:
        for path, method, op in operations():
            if op["tags"] != ["admin"]:
                continue
            with urllib.request.urlopen(d.endpoint["admin_url"] + path, timeout=10) as answer:
                assert str(answer.status) in op["responses"], path
                assert answer.headers["Content-Type"] in op["responses"]["200"]["content"], (path, answer.headers["Content-Type"])
                assert answer.read(), path


if __name__ == "__main__":
    sys.exit(run_tests([
        every_reference_leads_somewhere,
        every_operation_is_whole,
        it_has_every_row_of_the_table_of_routes_and_no_other,
        a_validator_finds_nothing,
        the_daemon_answers_as_it_says,
        the_admin_listener_answers_as_it_says,
    ]))
