"""The cluster's process 1, seen from the harness.

`nsrun cluster` makes the network, mount and pid namespaces and runs `nsrun init` as process 1 in
them. This class talks to it over two pipes. When the pipe to it closes, for whatever reason, it
ends every process of the cluster and removes the run directory: nothing outlives the harness.
"""

import json
import os
import signal
import subprocess
import threading
import time


class SupervisorError(RuntimeError):
    """Process 1 refused a request or is gone."""


class Process:
    """A process that the supervisor started; `pid` counts inside the cluster."""

    def __init__(self, supervisor, name, pid, log):
        self._supervisor = supervisor
        self.name = name
        self.pid = pid
        self.log = log

    @property
    def returncode(self):
        """The exit status, 128 + N after signal N, None while it runs."""
        return self._supervisor.exit_codes.get(self.pid)

    def signal(self, number):
        """Sends a signal."""
        self._supervisor.request("signal", pid=self.pid, signal=int(number))

    def wait(self, timeout):
        """Waits for the end and returns the exit status."""
        return self._supervisor.wait_exit(self, timeout)

    def kill(self, timeout=10):
        """Kills the process and waits until it is gone."""
        if self.returncode is None:
            self.signal(signal.SIGKILL)
        return self.wait(timeout)

    def log_tail(self, lines=20):
        """The end of what it printed."""
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        except FileNotFoundError:
            return ""


class Supervisor:
    """Starts and owns one `nsrun cluster`."""

    def __init__(self, nsrun, run_dir, keep, relay, api_address):
        """`relay` is a listening socket of the host for the API server's clients outside."""
        read_end, write_end = os.pipe()
        # The socket has to be descriptor 3 over there; pass_fds keeps numbers, so a shell moves it.
        script = f'exec "$@" 3<&{relay.fileno()}'
        argv = [nsrun, "cluster", run_dir, "keep" if keep else "remove", api_address]
        try:
            self._child = subprocess.Popen(
                ["/bin/sh", "-c", script, "sh", *argv], stdin=read_end, stdout=subprocess.PIPE,
                pass_fds=(relay.fileno(),), text=True, start_new_session=True)
        finally:
            os.close(read_end)
        self._requests = os.fdopen(write_end, "w", encoding="utf-8")
        self._changed = threading.Condition()
        self._replies = {}
        self._next_id = 1
        self._events = {}
        self._ended = False
        self.exit_codes = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.pid = self._event("started")["pid"]  # of process 1, as the host counts
            self._event("ready")
        except BaseException:
            self.close()
            raise

    def _read(self):
        for line in self._child.stdout:
            message = json.loads(line)
            with self._changed:
                if message.get("event") == "exit":
                    self.exit_codes[message["pid"]] = message["code"]
                elif "event" in message:
                    self._events[message["event"]] = message
                else:
                    self._replies[message["id"]] = message
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait(self, ready, timeout, what):
        deadline = time.monotonic() + timeout
        with self._changed:
            while not ready():
                if self._ended:
                    raise SupervisorError(f"{what}: the cluster's process 1 has ended")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{what}: nothing within {timeout} s")
                self._changed.wait(left)

    def _event(self, name):
        self._wait(lambda: name in self._events, 10, f"start of the cluster ({name})")
        return self._events[name]

    def request(self, operation, **fields):
        """Sends one request and returns the reply."""
        with self._changed:
            number = self._next_id
            self._next_id += 1
            if self._ended:
                raise SupervisorError("the cluster's process 1 has ended")
            self._requests.write(json.dumps({"id": number, "op": operation, **fields}) + "\n")
            self._requests.flush()
        self._wait(lambda: number in self._replies, 10, operation)
        reply = self._replies.pop(number)
        if "error" in reply:
            raise SupervisorError(f"{operation}: {reply['error']}")
        return reply

    def spawn(self, name, argv, log, env):
        """Starts a process in the cluster's namespaces."""
        reply = self.request("start", argv=argv, log=log, dir="/",
                             env=[f"{key}={value}" for key, value in env.items()])
        return Process(self, name, reply["pid"], log)

    def wait_exit(self, process, timeout):
        self._wait(lambda: process.pid in self.exit_codes, timeout, f"end of {process.name}")
        return self.exit_codes[process.pid]

    def close(self):
        """Ends the cluster; returns when every process of it is gone."""
        self._requests.close()
        try:
            self._child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._child.kill()  # process 1 dies with it, and the namespace with process 1
            self._child.wait()
        self._reader.join(timeout=10)
        self._child.stdout.close()
