"""Collection parameters: REST JSON to the engine's configuration."""

import qdrant_edge as edge

from failure import bad_body, bad_input

HNSW_DEFAULTS = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000}
OPTIMIZER_DEFAULTS = {"indexing_threshold": 10_000}
DATATYPES = {
    "float32": edge.VectorStorageDatatype.Float32,
    "float16": edge.VectorStorageDatatype.Float16,
    "uint8": edge.VectorStorageDatatype.Uint8,
}
DISTANCES = {
    "Cosine": edge.Distance.Cosine,
    "Euclid": edge.Distance.Euclid,
    "Dot": edge.Distance.Dot,
    "Manhattan": edge.Distance.Manhattan,
}
MAX_DIMENSIONS = 65_536


def edge_config(body: dict) -> edge.EdgeConfig:
    """`body` as of `PUT /collections/{name}`, with what PATCH changed since."""
    vectors = body.get("vectors")
    if not isinstance(vectors, dict):
        raise bad_body("missing field `vectors`")
    named = {"": vectors} if "size" in vectors else vectors
    hnsw = {**HNSW_DEFAULTS, **_given(body.get("hnsw_config"))}
    optimizers = {**OPTIMIZER_DEFAULTS, **_given(body.get("optimizers_config"))}
    return edge.EdgeConfig(
        vectors={name: _dense(params) for name, params in named.items()},
        sparse_vectors={
            name: edge.EdgeSparseVectorParams(
                modifier=edge.Modifier.Idf if (params or {}).get("modifier") == "idf" else None
            )
            for name, params in (body.get("sparse_vectors") or {}).items()
        },
        hnsw_config=edge.HnswIndexConfig(
            m=hnsw["m"],
            ef_construct=hnsw["ef_construct"],
            full_scan_threshold=hnsw["full_scan_threshold"],
            payload_m=hnsw.get("payload_m"),
        ),
        quantization_config=_quantization(body.get("quantization_config")),
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=optimizers["indexing_threshold"],
            default_segment_number=optimizers.get("default_segment_number"),
        ),
    )


def described(body: dict) -> dict:
    """`config` of a collection's description."""
    return {
        "params": {
            "vectors": body["vectors"],
            "sparse_vectors": body.get("sparse_vectors"),
            "shard_number": 1,
            "replication_factor": 1,
            "write_consistency_factor": 1,
            "on_disk_payload": True,
        },
        "hnsw_config": {
            **HNSW_DEFAULTS,
            "max_indexing_threads": 0,
            **_given(body.get("hnsw_config")),
        },
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
            **OPTIMIZER_DEFAULTS,
            **_given(body.get("optimizers_config")),
        },
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
        "quantization_config": body.get("quantization_config"),
        "metadata": body.get("metadata"),
    }


def patched(body: dict, change: dict) -> dict:
    """What PATCH makes of it: each part is merged, what is not named stays."""
    merged = dict(body)
    for part in ("hnsw_config", "optimizers_config", "metadata"):
        if change.get(part) is not None:
            merged[part] = {**(body.get(part) or {}), **_given(change[part])}
    if change.get("quantization_config") is not None:
        new = change["quantization_config"]
        merged["quantization_config"] = None if new == "Disabled" else new
    return merged


def index_schema(schema):
    """`field_schema` of `PUT /collections/{name}/index`."""
    kind, options = (schema, {}) if isinstance(schema, str) else (schema.get("type"), schema)
    if kind == "keyword":
        return edge.KeywordIndexParams(is_tenant=options.get("is_tenant"))
    kinds = {
        "integer": edge.PayloadSchemaType.Integer,
        "float": edge.PayloadSchemaType.Float,
        "bool": edge.PayloadSchemaType.Bool,
        "datetime": edge.PayloadSchemaType.Datetime,
        "uuid": edge.PayloadSchemaType.Uuid,
        "text": edge.PayloadSchemaType.Text,
    }
    if kind not in kinds:
        raise bad_body(f"unknown payload schema type `{kind}`")
    return kinds[kind]


def _dense(params: dict) -> edge.EdgeVectorParams:
    size, distance = params.get("size"), params.get("distance")
    if not isinstance(size, int) or not 1 <= size <= MAX_DIMENSIONS:
        raise bad_input(
            f"vectors.size: value {size} invalid, must be from 1 to {MAX_DIMENSIONS}"
        )
    if distance not in DISTANCES:
        raise bad_body(f"unknown variant `{distance}`, expected one of {', '.join(DISTANCES)}")
    return edge.EdgeVectorParams(
        size=size,
        distance=DISTANCES[distance],
        datatype=DATATYPES[params.get("datatype") or "float32"],
    )



def _quantization(config: dict | None):
    if not config:
        return None
    if "scalar" in config:
        options = config["scalar"]
        return edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, options.get("quantile"), options.get("always_ram")
        )
    if "binary" in config:
        return edge.BinaryQuantizationConfig(config["binary"].get("always_ram"))
    raise bad_body("unknown quantization")


def _given(part: dict | None) -> dict:
    return {key: value for key, value in (part or {}).items() if value is not None}
