"""Collections and aliases of one data folder, as they were left by whoever served it before."""

import json
import os
import shutil
import threading
from urllib.parse import quote, unquote

from collection import Collection, write_json
from failure import RequestFailure, bad_body, no_collection


class Catalogue:
    def __init__(self, folder: str):
        self.folder = os.path.join(folder, "collections")
        self.alias_file = os.path.join(folder, "aliases.json")
        self.lock = threading.RLock()
        os.makedirs(self.folder, exist_ok=True)
        self.aliases: dict[str, str] = {}
        if os.path.exists(self.alias_file):
            with open(self.alias_file, encoding="utf-8") as file:
                self.aliases = json.load(file)
        self.collections: dict[str, Collection] = {}
        for entry in sorted(os.listdir(self.folder)):
            path = os.path.join(self.folder, entry)
            if entry.endswith((".partial", ".dropped")):
                shutil.rmtree(path)
            else:
                self.collections[unquote(entry)] = Collection.load(path)

    def names(self) -> list[str]:
        with self.lock:
            return list(self.collections)

    def find(self, name: str) -> Collection:
        """By name or alias, as every route but deletion takes it."""
        with self.lock:
            found = self.collections.get(self.aliases.get(name, name))
        if found is None:
            raise no_collection(name)
        return found

    def exists(self, name: str) -> bool:
        with self.lock:
            return self.aliases.get(name, name) in self.collections

    def create(self, name: str, body: dict) -> None:
        with self.lock:
            if name in self.collections or name in self.aliases:
                raise RequestFailure(409, f"Wrong input: Collection `{name}` already exists!")
            path = os.path.join(self.folder, quote(name, safe=""))
            self.collections[name] = Collection.create(path, body)

    def drop(self, name: str) -> bool:
        with self.lock:
            found = self.collections.pop(name, None)
            if found is None:
                return False
            self._keep({alias: to for alias, to in self.aliases.items() if to != name})
        found.close()
        os.rename(found.folder, f"{found.folder}.dropped")
        shutil.rmtree(f"{found.folder}.dropped")
        return True

    def change_aliases(self, actions: list[dict]) -> None:
        """All of them or none: no reader meets a state between two actions."""
        with self.lock:
            changed = dict(self.aliases)
            for action in actions:
                if "create_alias" in action:
                    alias = action["create_alias"]["alias_name"]
                    target = action["create_alias"]["collection_name"]
                    if target not in self.collections:
                        raise no_collection(target)
                    if alias in self.collections:
                        raise RequestFailure(
                            409, f"Wrong input: Collection `{alias}` already exists!"
                        )
                    changed[alias] = target
                elif "delete_alias" in action:
                    changed.pop(action["delete_alias"]["alias_name"], None)
                elif "rename_alias" in action:
                    old = action["rename_alias"]["old_alias_name"]
                    if old not in changed:
                        raise RequestFailure(404, f"Not found: Alias {old} does not exists!")
                    changed[action["rename_alias"]["new_alias_name"]] = changed.pop(old)
                else:
                    raise bad_body("data did not match any variant of untagged enum AliasOperations")
            self._keep(changed)

    def described_aliases(self) -> list[dict]:
        with self.lock:
            return [
                {"alias_name": alias, "collection_name": name} for alias, name in self.aliases.items()
            ]

    def close(self) -> None:
        with self.lock:
            for found in self.collections.values():
                found.close()

    def _keep(self, aliases: dict[str, str]) -> None:
        write_json(self.alias_file, aliases)
        self.aliases = aliases
