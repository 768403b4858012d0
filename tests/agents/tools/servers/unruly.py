"""An MCP server on stdio, written by hand, that misbehaves as no library would let it."""

from __future__ import annotations

import json
import os
import sys

TOOLS = ["fine", "die", "megabyte", "flood", "gibberish", "grow"]
NOISE = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"noise"}}'


def answer(request: dict[str, object], **outcome: object) -> None:
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}), flush=True)


def text(request: dict[str, object], content: str) -> None:
    answer(request, result={"content": [{"type": "text", "text": content}]})


for line in sys.stdin:
    request = json.loads(line)
    match request.get("method"):
        case "initialize":
            about = {
                "serverInfo": {"name": "unruly", "version": "1"},
                "capabilities": {"tools": {"listChanged": True}},
            }
            answer(request, result={"protocolVersion": request["params"]["protocolVersion"], **about})
        case "tools/list":
            schema = {"type": "object", "properties": {}}
            # There is always a next page, for ever the same.
            listed = [{"name": name, "inputSchema": schema} for name in TOOLS]
            answer(request, result={"tools": listed, "nextCursor": "more"})
        case "tools/call":
            match request["params"]["name"]:
                case "die":
                    os._exit(3)
                case "megabyte":
                    text(request, "x" * 1_048_576)
                case "flood":
                    while True:
                        print(NOISE, flush=True)
                case "grow":
                    TOOLS.insert(0, "new")
                    print('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}', flush=True)
                    text(request, "grown")
                case "gibberish":
                    print("{ this is no JSON", flush=True)
                    text(request, "after gibberish")
                case _:
                    text(request, "fine")
        case _ if "id" in request:
            answer(request, error={"code": -32601, "message": "no such method"})
