"""Filters and queries: REST JSON to the engine's, and points back to JSON."""

import qdrant_edge as edge

from failure import bad_body, bad_input


def to_filter(body: dict | None) -> edge.Filter | None:
    if not body:
        return None
    unknown = set(body) - {"must", "should", "must_not"}
    if unknown:
        raise bad_body(f"unknown field `{sorted(unknown)[0]}` in filter")

    def parts(name: str):
        given = body.get(name)
        if given is None:
            return None
        return [_condition(one) for one in (given if isinstance(given, list) else [given])]

    return edge.Filter(parts("must"), parts("should"), parts("must_not"))


def _condition(body: dict):
    if "has_id" in body:
        return edge.HasIdCondition(set(body["has_id"]))
    if "is_empty" in body:
        return edge.IsEmptyCondition(body["is_empty"]["key"])
    if "is_null" in body:
        return edge.IsNullCondition(body["is_null"]["key"])
    if "key" in body:
        if "match" in body:
            return edge.FieldCondition(body["key"], match=_match(body["match"]))
        if "range" in body:
            return edge.FieldCondition(body["key"], range=_range(body["range"]))
    if {"must", "should", "must_not"} & set(body):
        return to_filter(body)
    raise bad_body("data did not match any variant of untagged enum Condition")


def _as_numpy(value: bool):
    """A boolean of NumPy's kind: of Python's own, the engine's binding makes the number 0 or 1."""
    kind = type("bool", (), {"__module__": "numpy", "__bool__": lambda _: value})
    return kind()


def _match(body: dict):
    if isinstance(body.get("value"), bool):
        return edge.MatchValue(_as_numpy(body["value"]))
    if isinstance(body.get("value"), (str, int)):
        return edge.MatchValue(body["value"])
    if "any" in body:
        return edge.MatchAny(body["any"])
    if "except" in body:
        return edge.MatchExcept(body["except"])
    if "text" in body:
        return edge.MatchText(body["text"])
    raise bad_body("data did not match any variant of untagged enum Match")


def _range(body: dict):
    bounds = {key: body[key] for key in ("gte", "gt", "lte", "lt") if body.get(key) is not None}
    if any(isinstance(value, str) for value in bounds.values()):
        try:
            return edge.RangeDateTime(**bounds)
        except ValueError as error:
            raise bad_body(f"data did not match any variant of RangeInterface: {error}") from error
    return edge.RangeFloat(**bounds)


def to_params(body: dict | None) -> edge.SearchParams | None:
    if not body:
        return None
    quantization = body.get("quantization")
    return edge.SearchParams(
        hnsw_ef=body.get("hnsw_ef"),
        exact=bool(body.get("exact")),
        quantization=edge.QuantizationSearchParams(
            ignore=bool(quantization.get("ignore")),
            rescore=quantization.get("rescore"),
            oversampling=quantization.get("oversampling"),
        )
        if quantization
        else None,
    )


def to_vector(body):
    """A dense or sparse vector of a query."""
    if isinstance(body, dict) and "nearest" in body:
        body = body["nearest"]
    if isinstance(body, dict) and "indices" in body:
        return edge.SparseVector(body["indices"], body["values"])
    if isinstance(body, list):
        return [float(value) for value in body]
    raise bad_body("data did not match any variant of untagged enum QueryInterface")


def to_query(body: dict) -> edge.QueryRequest:
    """`POST /collections/{name}/points/query`."""
    prefetch = body.get("prefetch") or []
    prefetches = [
        edge.Prefetch(
            limit=one.get("limit", 10),
            query=edge.Query.Nearest(to_vector(one["query"]), one.get("using")),
            params=to_params(one.get("params")),
            filter=to_filter(one.get("filter")),
        )
        for one in (prefetch if isinstance(prefetch, list) else [prefetch])
    ]
    asked = body.get("query")
    if isinstance(asked, dict) and ("fusion" in asked or "rrf" in asked):
        if not prefetches:
            raise bad_input("Fusion query requires at least one prefetch")
        dbsf = asked.get("fusion") == "dbsf"
        k = (asked.get("rrf") or {}).get("k") or 2
        query = edge.Fusion.Dbsf() if dbsf else edge.Fusion.Rrf(k)
    else:
        query = edge.Query.Nearest(to_vector(asked), body.get("using"))
    return edge.QueryRequest(
        limit=body.get("limit", 10),
        offset=body.get("offset"),
        query=query,
        prefetches=prefetches or None,
        with_vector=body.get("with_vector") or False,
        with_payload=body.get("with_payload") or False,
        filter=to_filter(body.get("filter")),
        score_threshold=body.get("score_threshold"),
        params=to_params(body.get("params")),
    )


def to_point(body: dict) -> edge.Point:
    vector = body.get("vector")
    if isinstance(vector, dict):
        vector = {name: to_vector(value) for name, value in vector.items()}
    elif isinstance(vector, list):
        vector = to_vector(vector)
    else:
        raise bad_body("missing field `vector`")
    return edge.Point(body["id"], vector, body.get("payload") or {})


def from_record(record) -> dict:
    found = {"id": from_id(record.id), "payload": record.payload}
    if record.vector is not None:
        found["vector"] = _from_vector(record.vector)
    return found


def from_scored(point) -> dict:
    return {**from_record(point), "version": point.version, "score": point.score}


def from_id(point_id):
    return point_id if isinstance(point_id, int) else str(point_id)


def _from_vector(vector):
    if isinstance(vector, dict):
        return {name: _from_vector(value) for name, value in vector.items()}
    if isinstance(vector, edge.SparseVector):
        return {"indices": list(vector.indices), "values": list(vector.values)}
    return list(vector)
