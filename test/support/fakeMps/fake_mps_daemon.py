"""A fake nvidia-cuda-mps-control daemon, for machines without a GPU, as NVIDIA's MPS guide describes
the real one: servers start with their first client, settings are for servers to come unless a server
is named, a client's own limits only tighten, and the fatal error of one client, or the death by a
signal of one at work, puts the server in FAULT, which takes no client until all affected have gone."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from fake_gpu import note_process, note_started, size_mib

UNLIMITED = 10**9
CLIENT_LIMIT = int(os.environ.get("FAKE_MPS_CLIENT_LIMIT", "48"))


class UnknownServer(Exception):
    """The asker gets no answer."""


class Client:
    def __init__(self, pid: int, limits: dict):
        self.pid, self.limits = pid, limits
        self.used, self.error = 0, None
        self.busy = False
        self.stubborn = limits.get("stubborn", False)
        self.gone = threading.Event()


class Server:
    def __init__(self, memory: int, percentage: int):
        script = "import signal; signal.pause()"
        self.process = subprocess.Popen([sys.executable, "-c", script, "nvidia-cuda-mps-server"])
        note_started(self.process.pid)
        self.memory, self.percentage = memory, percentage
        self.status = "ACTIVE"
        self.clients: dict[int, Client] = {}

    def fault(self) -> None:
        self.status = "FAULT"
        for client in self.clients.values():
            client.error = client.error or "CUDA_ERROR_MPS_RPC_FAILURE"


class Daemon:
    def __init__(self, pipe: Path, log: Path, uuid: str):
        self.pipe, self.log, self.uuid = pipe, log, uuid
        self.lock = threading.RLock()
        self.memory, self.percentage = UNLIMITED, 100
        self.server: Server | None = None
        self.quitting = False

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as stream:
            try:
                first = json.loads(stream.readline())
                if "command" in first:
                    words = first["command"].split()
                    self.note(first["command"])
                    say(stream, self.command(words))
                    if words == ["quit"]:
                        os._exit(0)
                else:
                    size = struct.calcsize("3i")
                    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
                    self.serve_client(struct.unpack("3i", peer)[0], first, stream)
            except (BrokenPipeError, ConnectionResetError, UnknownServer):
                pass

    def note(self, text: str) -> None:
        with self.lock, open(self.log / "control.log", "a") as file:
            file.write(f"{text}\n")

    # Commands

    def command(self, words: list[str]) -> str:
        handler = getattr(self, f"do_{words[0]}", None)
        if handler is None:
            return "Unrecognized command"
        return handler(*words[1:])

    def do_get_server_list(self) -> str:
        with self.lock:
            return str(self.server.process.pid) if self.server else ""

    def do_get_server_status(self, server: str) -> str:
        with self.lock:
            return self.named(server).status

    def do_get_client_list(self, server: str) -> str:
        with self.lock:
            return "\n".join(str(pid) for pid in self.named(server).clients)

    def do_set_default_device_pinned_mem_limit(self, device: str, limit: str) -> str:
        self.memory = size_mib(limit)
        return ""

    def do_set_default_active_thread_percentage(self, percentage: str) -> str:
        self.percentage = int(percentage)
        return ""

    def do_set_device_pinned_mem_limit(self, server: str, device: str, limit: str) -> str:
        self.named(server).memory = size_mib(limit)
        return ""

    def do_set_active_thread_percentage(self, server: str, percentage: str) -> str:
        self.named(server).percentage = int(percentage)
        return ""

    def do_terminate_client(self, server: str, client: str) -> str:
        with self.lock:
            found = self.named(server).clients.get(int(client))
        if found is None:
            return "Client not found"
        if found.stubborn:
            found.gone.wait()
        with self.lock:
            found.busy, found.used = False, 0
            found.error = "CUDA_ERROR_MPS_CLIENT_TERMINATED"
            note_process(self.uuid, found.pid, 0)
        return "0"

    def do_quit(self) -> str:
        with self.lock:
            self.quitting = True
            clients = list(self.server.clients.values()) if self.server else []
        for client in clients:
            client.gone.wait()
        if self.server:
            self.server.process.kill()
            self.server.process.wait()
        (self.pipe / "nvidia-cuda-mps-control.pid").unlink(missing_ok=True)
        return ""

    def named(self, pid: str) -> Server:
        if self.server is None or self.server.process.pid != int(pid):
            raise UnknownServer(pid)
        return self.server

    # Clients

    def serve_client(self, pid: int, limits: dict, stream) -> None:
        with self.lock:
            refusal = self.refuse()
            if refusal is None:
                server, client = self.admit(pid, limits)
        if refusal:
            return say(stream, refusal)
        say(stream, "ok")
        try:
            for line in stream:
                with self.lock:
                    answer = client.error or self.operate(server, client, *line.split())
                say(stream, answer)
        except (BrokenPipeError, ConnectionResetError):
            pass
        with self.lock:
            # It went without taking its work off the GPU, as a killed process does.
            if client.busy and client.error is None:
                server.fault()
            del server.clients[pid]
            if not server.clients:
                server.status = "ACTIVE"
        client.gone.set()

    def refuse(self) -> str | None:
        if self.quitting:
            return "CUDA_ERROR_MPS_CONNECTION_FAILED"
        if self.server and self.server.status == "FAULT":
            return "CUDA_ERROR_MPS_SERVER_NOT_READY"
        if self.server and len(self.server.clients) >= CLIENT_LIMIT:
            return "CUDA_ERROR_MPS_MAX_CLIENTS_REACHED"
        return None

    def admit(self, pid: int, limits: dict) -> tuple[Server, Client]:
        if self.server is None:
            self.server = Server(self.memory, self.percentage)
            note_process(self.uuid, self.server.process.pid, 30)
        own = limits["memory"] or UNLIMITED
        percentage = limits["percentage"] or 100
        client = Client(pid, limits)
        client.limits = {
            "memory": min(own, self.server.memory),
            "percentage": min(percentage, self.server.percentage),
        }
        self.server.clients[pid] = client
        note_process(self.uuid, pid, 0)
        return self.server, client

    def operate(self, server: Server, client: Client, name: str, *arguments: str) -> str:
        if name == "allocate":
            wanted = client.used + int(arguments[0])
            if wanted > client.limits["memory"]:
                return "CUDA_ERROR_OUT_OF_MEMORY"
            client.used = wanted
            note_process(self.uuid, client.pid, wanted)
            return "ok"
        if name == "limits":
            return json.dumps(client.limits)
        if name == "work":
            client.busy = True
            return "ok"
        if name == "idle":
            client.busy = False
            return "ok"
        if name == "fault":
            server.fault()
            return "CUDA_ERROR_ILLEGAL_ADDRESS"
        return "unknown"


def say(stream, text: str) -> None:
    stream.write(f"{json.dumps(text)}\n")
    stream.flush()


def run(pipe: Path, log: Path, uuid: str) -> None:
    note_started(os.getpid())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    (pipe / "control").unlink(missing_ok=True)
    listener.bind(str(pipe / "control"))
    listener.listen(64)
    (pipe / "nvidia-cuda-mps-control.pid").write_text(f"{os.getpid()}\n")
    Daemon(pipe, log, uuid).serve(listener)
