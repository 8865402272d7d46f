"""The processes that stand in for AWS: ministack, moto, and the door before them (door.py).

All of them listen on 127.0.0.1 alone, on ports that were free, with an environment of their own, so that nothing of
the machine's AWS configuration reaches them. They live in process groups of their own, so that `stop` ends them with
whatever they started: ministack starts each function as a process.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from door import Door

HOST = "127.0.0.1"
REGION = "eu-central-1"
ACCOUNT = "000000000000"  # ministack's own
# What ministack believes its API Gateway to be named, so that the output ApiUrl is where the API answers.
DOMAIN = f"{REGION}.amazonaws.com"
# Seconds that a server may take to answer for the first time. It takes two or three.
STARTS_WITHIN = 60


def free_ports(count):
    """Ports that nobody listens on. All are taken before one is given back, so that they differ."""
    taken = []
    for _ in range(count):
        taken.append(socket.create_server((HOST, 0)))
    ports = [server.getsockname()[1] for server in taken]
    for server in taken:
        server.close()
    return ports


def clean_environment(home):
    """Neither credentials nor settings of whoever runs this."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": "*",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Servers:
    """ministack, moto and the door, started and stopped together."""

    def __init__(self, work: Path):
        self.work = work
        self.processes, self.serving = [], False
        ministack, moto = free_ports(2)
        self.ministack = f"http://{HOST}:{ministack}"
        self.moto = f"http://{HOST}:{moto}"
        self.door = Door((HOST, 0), self.ministack, self.moto)
        self.url = f"http://{HOST}:{self.door.server_address[1]}"

    def start(self):
        self.serving = True
        threading.Thread(target=self.door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        home = self.work / "home"
        home.mkdir(parents=True)
        environment = clean_environment(home)
        moto = self.run(
            "moto",
            [sys.executable, "-m", "moto.server", "--host", HOST, "--port", self.moto.rsplit(":", 1)[1]],
            environment | {"MOTO_ACCOUNT_ID": ACCOUNT, "AWS_DEFAULT_REGION": REGION},
        )
        ministack = self.run(
            "ministack",
            [sys.executable, "-m", "ministack"],
            environment
            | {
                "BIND_HOST": HOST,
                "GATEWAY_PORT": self.ministack.rsplit(":", 1)[1],
                "MINISTACK_HOST": DOMAIN,
                "MINISTACK_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                # Signatures and policies are checked.
                "AUTH": "true",
                # Without these two it listens on every address, for MQTT and SFTP.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                # What the functions call. ministack hands it on to them.
                "AWS_ENDPOINT_URL": self.url,
                # AWS waits a minute before it invokes a function again that failed.
                "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            },
        )
        self.wait_for(moto, self.moto + "/moto-api/data.json")
        self.wait_for(ministack, self.ministack + "/_ministack/health")
        return self

    def run(self, name, command, environment):
        log = open(self.log(name), "wb")
        with log:
            process = subprocess.Popen(
                command, env=environment, cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )
        process.name = name
        self.processes.append(process)
        return process

    def log(self, name):
        return self.work / f"{name}.log"

    def wait_for(self, process, url):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            if process.poll() is not None:
                break
            with contextlib.suppress(urllib.error.URLError, OSError):
                with opener.open(url, timeout=5):
                    return
            time.sleep(0.1)
        end = self.log(process.name).read_text(encoding="utf-8", errors="replace")[-3000:]
        raise SystemExit(f"{process.name} does not answer at {url}. The end of its log:\n{end}")

    def stop(self):
        """Ends every process of every group, and waits until they are gone."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            for process in self.processes:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, how)
            until = time.monotonic() + 5
            while time.monotonic() < until and any(self.lives(process) for process in self.processes):
                time.sleep(0.05)
        if self.serving:
            self.door.shutdown()
        self.door.server_close()

    @staticmethod
    def lives(process):
        process.poll()  # Reaps the leader, which would else count as living.
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return False
        return True
