"""One collection: a shard of the engine in a folder, with its parameters beside it."""

import json
import os
import shutil
import threading

import qdrant_edge as edge

import conditions
from configuration import described, edge_config, index_schema, patched
from failure import RequestFailure, bad_input


def write_json(path: str, value) -> None:
    temporary = f"{path}.partial"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


class Collection:
    """Requests are served one at a time; an optimization runs beside them."""

    def __init__(self, folder: str, body: dict, shard: edge.EdgeShard):
        self.folder = folder
        self.body = body
        self.shard = shard
        self.lock = threading.RLock()
        self.optimizing = False
        self.optimizer_error: str | None = None

    @classmethod
    def create(cls, folder: str, body: dict) -> "Collection":
        config = edge_config(body)
        building = f"{folder}.partial"
        shutil.rmtree(building, ignore_errors=True)
        os.makedirs(building)
        edge.EdgeShard.create(os.path.join(building, "shard"), config).close()
        write_json(os.path.join(building, "collection.json"), body)
        os.rename(building, folder)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: str) -> "Collection":
        with open(os.path.join(folder, "collection.json"), encoding="utf-8") as file:
            body = json.load(file)
        return cls(folder, body, edge.EdgeShard.load(os.path.join(folder, "shard"), edge_config(body)))

    def close(self) -> None:
        with self.lock:
            self.shard.close()

    def patch(self, change: dict) -> None:
        """New parameters hold for what is optimized from now on, in the background as in a server."""
        with self.lock:
            body = patched(self.body, change)
            config = edge_config(body)
            self.shard.close()
            self.shard = edge.EdgeShard.load(os.path.join(self.folder, "shard"), config)
            self.body = body
            write_json(os.path.join(self.folder, "collection.json"), body)
            threshold = (body.get("optimizers_config") or {}).get("indexing_threshold")
            if threshold == 0 or self.optimizing:
                return
            self.optimizing = True
        threading.Thread(target=self._optimize, daemon=True).start()

    def _optimize(self) -> None:
        try:
            with self.lock:
                self.shard.optimize()
            self.optimizer_error = None
        except Exception as error:
            self.optimizer_error = str(error)
        finally:
            self.optimizing = False

    def info(self) -> dict:
        if self.optimizing:
            return {**self._info_without_counts(), "status": "yellow"}
        with self.lock:
            info = self.shard.info()
            schema = {
                name: {"data_type": _type_name(one.data_type), "points": one.points}
                for name, one in info.payload_schema.items()
            }
            return {
                **self._info_without_counts(),
                "indexed_vectors_count": info.indexed_vectors_count,
                "points_count": info.points_count,
                "segments_count": info.segments_count,
                "payload_schema": schema,
            }

    def _info_without_counts(self) -> dict:
        failed = self.optimizer_error
        return {
            "status": "red" if failed else "green",
            "optimizer_status": {"error": failed} if failed else "ok",
            "indexed_vectors_count": None,
            "points_count": None,
            "segments_count": 1,
            "config": described(self.body),
            "payload_schema": {},
        }

    def upsert(self, points: list[dict]) -> None:
        self._update(lambda: edge.UpdateOperation.upsert_points([conditions.to_point(p) for p in points]))

    def delete(self, ids: list) -> None:
        self._update(lambda: edge.UpdateOperation.delete_points(ids))

    def delete_matching(self, filter_body: dict) -> None:
        chosen = conditions.to_filter(filter_body)
        self._update(lambda: edge.UpdateOperation.delete_points_by_filter(chosen))

    def create_index(self, field: str, schema) -> None:
        self._update(lambda: edge.UpdateOperation.create_field_index(field, index_schema(schema)))

    def count(self, body: dict) -> int:
        with self.lock:
            return self.shard.count(edge.CountRequest(True, conditions.to_filter(body.get("filter"))))

    def retrieve(self, body: dict) -> list[dict]:
        with_payload, with_vector = body.get("with_payload", True), body.get("with_vector", False)
        with self.lock:
            found = self._engine(lambda: self.shard.retrieve(body["ids"], with_payload, with_vector))
            return [conditions.from_record(record) for record in found]

    def scroll(self, body: dict) -> dict:
        request = edge.ScrollRequest(
            offset=body.get("offset"),
            limit=body.get("limit") or 10,
            filter=conditions.to_filter(body.get("filter")),
            with_payload=body.get("with_payload", True),
            with_vector=body.get("with_vector") or False,
        )
        with self.lock:
            records, following = self._engine(lambda: self.shard.scroll(request))
            return {
                "points": [conditions.from_record(record) for record in records],
                "next_page_offset": None if following is None else conditions.from_id(following),
            }

    def query(self, body: dict) -> dict:
        request = conditions.to_query(body)
        with self.lock:
            found = self._engine(lambda: self.shard.query(request))
            return {"points": [conditions.from_scored(point) for point in found]}

    def _update(self, make) -> None:
        with self.lock:
            self._engine(lambda: self.shard.update(make()))

    def _engine(self, work):
        """The engine raises plain exceptions for input that it refuses."""
        try:
            return work()
        except RequestFailure:
            raise
        except ValueError as error:
            raise RequestFailure(400, f"Format error in JSON body: {error}") from error
        except Exception as error:
            raise bad_input(str(error)) from error


def _type_name(data_type) -> str:
    return str(data_type).rsplit(".", 1)[-1].lower()
