"""Serves the part of Qdrant's REST interface that Berth uses, over the engine `qdrant-edge-py`.

For tests only, where no Qdrant server can be installed: this is not Qdrant, one process serves one
folder, one request a collection at a time. Paths, bodies, codes and messages are those of Qdrant's
REST reference 1.18.

Usage: qdrant_edge_sidecar.py <data folder> [<port>]; prints `{"port": …}` when it listens, and ends
with its stdin. QDRANT__SERVICE__API_KEY, as for the server, is the key that requests must bring.
"""

import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from catalogue import Catalogue
from failure import RequestFailure, bad_body

VERSION = "1.18.0"
MAX_BODY = 32 * 1024 * 1024
ROUTES: list[tuple[str, re.Pattern, object]] = []


def route(method: str, path: str):
    pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")

    def register(handler):
        ROUTES.append((method, pattern, handler))
        return handler

    return register


def completed() -> dict:
    return {"operation_id": time.monotonic_ns() % 2**53, "status": "completed"}


@route("GET", "/collections")
def list_collections(catalogue: Catalogue, body):
    return {"collections": [{"name": name} for name in catalogue.names()]}


@route("POST", "/collections/aliases")
def update_aliases(catalogue: Catalogue, body):
    catalogue.change_aliases(body["actions"])
    return True


@route("GET", "/aliases")
def list_aliases(catalogue: Catalogue, body):
    return {"aliases": catalogue.described_aliases()}


@route("GET", "/collections/{name}")
def describe(catalogue: Catalogue, body, name):
    return catalogue.find(name).info()


@route("PUT", "/collections/{name}")
def create(catalogue: Catalogue, body, name):
    catalogue.create(name, body)
    return True


@route("PATCH", "/collections/{name}")
def patch(catalogue: Catalogue, body, name):
    catalogue.find(name).patch(body)
    return True


@route("DELETE", "/collections/{name}")
def drop(catalogue: Catalogue, body, name):
    return catalogue.drop(name)


@route("GET", "/collections/{name}/exists")
def exists(catalogue: Catalogue, body, name):
    return {"exists": catalogue.exists(name)}


@route("PUT", "/collections/{name}/index")
def create_index(catalogue: Catalogue, body, name):
    catalogue.find(name).create_index(body["field_name"], body["field_schema"])
    return completed()


@route("PUT", "/collections/{name}/points")
def upsert(catalogue: Catalogue, body, name):
    catalogue.find(name).upsert(body["points"])
    return completed()


@route("POST", "/collections/{name}/points")
def retrieve(catalogue: Catalogue, body, name):
    return catalogue.find(name).retrieve(body)


@route("POST", "/collections/{name}/points/delete")
def delete_points(catalogue: Catalogue, body, name):
    found = catalogue.find(name)
    if "points" in body:
        found.delete(body["points"])
    else:
        found.delete_matching(body["filter"])
    return completed()


@route("POST", "/collections/{name}/points/count")
def count(catalogue: Catalogue, body, name):
    return {"count": catalogue.find(name).count(body)}


@route("POST", "/collections/{name}/points/scroll")
def scroll(catalogue: Catalogue, body, name):
    return catalogue.find(name).scroll(body)


@route("POST", "/collections/{name}/points/query")
def query(catalogue: Catalogue, body, name):
    return catalogue.find(name).query(body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    catalogue: Catalogue
    api_key: str | None

    def serve(self) -> None:
        started = time.perf_counter()
        try:
            answer = {"result": self.answer(), "status": "ok"}
            status = 200
        except RequestFailure as failure:
            answer, status = {"status": {"error": failure.message}}, failure.status
        except Exception as error:
            message = f"Service internal error: {type(error).__name__}: {error}"
            answer, status = {"status": {"error": message}}, 500
        if urlsplit(self.path).path == "/" and status == 200:
            answer = answer["result"]
        else:
            answer["time"] = time.perf_counter() - started
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = serve

    def answer(self):
        url = urlsplit(self.path)
        body = self.read_body()
        if url.path == "/":
            return {"title": "qdrant-edge sidecar of Berth's tests", "version": VERSION}
        if self.api_key is not None and self.headers.get("api-key") != self.api_key:
            raise RequestFailure(401, "Must provide an API key or an Authorization bearer token")
        for method, pattern, handler in ROUTES:
            match = pattern.match(url.path)
            if match is None or method != self.command:
                continue
            waits = parse_qs(url.query).get("wait", ["true"])
            if waits != ["true"]:
                raise RequestFailure(400, "Wrong input: only wait=true is served here")
            try:
                return handler(
                    self.catalogue, body, **{key: unquote(one) for key, one in match.groupdict().items()}
                )
            except KeyError as missing:
                raise bad_body(f"missing field `{missing.args[0]}`") from missing
        raise RequestFailure(404, f"Not found: {self.command} {url.path}")

    def read_body(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            sizes = f"({length} bytes) is larger than allowed (limit: {MAX_BODY} bytes)"
            raise RequestFailure(413, f"JSON payload {sizes}.")
        data = self.rfile.read(length)
        if not data:
            return {}
        try:
            return json.loads(data, parse_constant=_no_constant)
        except ValueError as error:
            raise bad_body(str(error)) from error

    def log_message(self, *args) -> None:
        pass


def _no_constant(name: str):
    raise ValueError(f"expected value, found {name}")


def main() -> None:
    folder = sys.argv[1]
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    Handler.catalogue = Catalogue(folder)
    Handler.api_key = os.environ.get("QDRANT__SERVICE__API_KEY")
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    sys.stdin.buffer.read()
    server.shutdown()
    Handler.catalogue.close()


if __name__ == "__main__":
    main()
