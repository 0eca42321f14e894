"""A real Kubernetes cluster for tests, without containers: etcd, kube-apiserver,
kube-controller-manager, kube-proxy and a kubelet that runs pods as processes.

    with Cluster({"tollgate/mock": {"path": ".../mock"}}) as cluster:
        cluster.apply("manifest.yaml")
        cluster.wait_deployment("default", "web")
        cluster.run_in_netns(["curl", "-sf", "http://10.250.0.1/"])

Everything lives in network, mount and pid namespaces of its own, which vanish with this process,
however it ends. See README.md; `cluster.py shell` is for people.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from clusterlib import components, entry  # noqa: E402
from clusterlib.kubeapi import ApiError, KubeApi, object_path  # noqa: E402
from clusterlib.supervisor import Supervisor, SupervisorError  # noqa: E402
from clusterlib.waiting import wait_until  # noqa: E402

__all__ = ["Cluster", "CommandError", "ApiError", "KubeApi", "SupervisorError", "object_path",
           "BUILD"]

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(REPO, "build", "cluster")  # what build.sh makes
APISERVER_START_SECONDS = 60


class CommandError(RuntimeError):
    """A command ended with a status other than 0."""

    def __init__(self, argv, result):
        super().__init__(f"{' '.join(argv)}: exit status {result.returncode}\n"
                         f"{result.stdout or ''}{result.stderr or ''}")
        self.returncode = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr


# What a predicate of wait() may raise while things are not there yet.
EXPECTED_ERRORS = (CommandError, ApiError, OSError, LookupError, ValueError, TypeError,
                   AssertionError, subprocess.TimeoutExpired)


class Cluster:
    """One cluster. A context manager; or call start() and stop().

    image_map: image repository name -> program of the host (a path), or a dict with the keys
        path, entrypoint, args, env, user, dir, files, writable (see README.md). Matched by name:
        "tollgate/mock" stands for "docker.io/tollgate/mock:v1@sha256:...".
    extra_dns: name -> "NAMESPACE/SERVICE", an IP address, or another name.
    gateway_api_channel: "experimental", "standard" or None.
    nodes: how many Node objects; all of them are the same network namespace.
    flags: component name -> list of further flags, e.g. {"kube-apiserver": ["--goaway-chance=..."]}
    restart_backoff: seconds before the second restart of a crashing container, and the longest.
    run_dir: where files and logs go; kept at the end if given (default: a temporary directory).
    """

    def __init__(self, image_map=None, extra_dns=None, gateway_api_channel="experimental",
                 nodes=1, flags=None, restart_backoff=(0.5, 10), run_dir=None, build=BUILD):
        self._images = dict(image_map or {})
        self._names = dict(extra_dns or {})
        self._channel = gateway_api_channel
        self._nodes = [f"node-{i + 1}" for i in range(nodes)]
        self._flags = {key: list(value) for key, value in (flags or {}).items()}
        self._backoff = [int(seconds * 1000) for seconds in restart_backoff]
        self._keep = run_dir is not None
        self._build = build
        self._supervisor = None
        self._expected_down = set()
        self.components = {}
        """Component name -> clusterlib.supervisor.Process."""
        self.run_dir = os.path.realpath(run_dir) if run_dir else None
        self.port = None
        """The API server's port: https://127.0.0.1:PORT on the host and in the cluster."""
        self.api = None
        """A KubeApi with administrator rights."""

    # --- life -------------------------------------------------------------------------------

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Brings everything up and returns self when pods can run and names resolve."""
        self._check_host()
        if self.run_dir is None:
            self.run_dir = tempfile.mkdtemp(prefix="tollgate-cluster-")
        os.makedirs(self.run_dir, exist_ok=True)
        os.chmod(self.run_dir, 0o755)  # containers of any user reach their volumes
        for name in ("pki", "log", "logs", "pids", "pods"):
            os.makedirs(os.path.join(self.run_dir, name), exist_ok=True)
        relay = socket.create_server(("127.0.0.1", 0), backlog=64)
        with relay:
            self.port = relay.getsockname()[1]
            self._write_files()
            self._supervisor = Supervisor(
                self._program("nsrun"), self.run_dir, self._keep, relay,
                f"{components.NODE_ADDRESS}:{self.port}")
        pki = os.path.join(self.run_dir, "pki")
        self.api = KubeApi(self.port, f"{pki}/ca.crt", f"{pki}/admin.crt", f"{pki}/admin.key")
        self.start_component("etcd")
        self.start_component("kube-apiserver")
        for name in components.COMPONENTS[2:]:
            self.start_component(name)
        self._install_gateway_api()
        self._wait_usable()
        return self

    def stop(self):
        """Ends everything; safe to call twice. Logs are kept below $TOLLGATE_CLUSTER_LOGS."""
        if self._supervisor:
            self._save_logs(os.environ.get("TOLLGATE_CLUSTER_LOGS"))
            self._supervisor.close()
            self._supervisor = None
        if self.run_dir and not self._keep:
            shutil.rmtree(self.run_dir, ignore_errors=True)  # process 1 has done it, if it could
            self.run_dir = None
        self.components = {}

    def _save_logs(self, folder):
        if folder:
            target = os.path.join(folder, os.path.basename(self.run_dir))
            for name in ("log", "logs"):
                shutil.copytree(os.path.join(self.run_dir, name), os.path.join(target, name),
                                dirs_exist_ok=True)

    def _check_host(self):
        if os.geteuid() != 0:
            raise PermissionError("a test cluster needs root, for network and mount namespaces: "
                                  "run this with sudo, or as root in a container that may make "
                                  "namespaces")
        for program in ("controlplane", "nsrun"):
            if not os.path.exists(self._program(program)):
                raise FileNotFoundError(f"{self._program(program)} is missing: run "
                                        "test/cluster/build.sh")
        if not shutil.which("iptables-restore", path=entry.PATH):
            raise FileNotFoundError("iptables is missing (kube-proxy needs it): apt-get install "
                                    "iptables")

    def _program(self, name):
        return os.path.join(self._build, name)

    def _write_files(self):
        subprocess.run([self._program("nsrun"), "pki", f"{self.run_dir}/pki"], check=True)
        components.write_files(self.run_dir, self.port, self._program("nsrun"), self._nodes,
                               self._backoff)
        self.set_images(self._images)
        self.set_dns(self._names)

    def _install_gateway_api(self):
        if self._channel is None:
            return
        folder = os.path.join(self._build, "gateway-api", self._channel)
        option = "-k" if os.path.exists(f"{folder}/kustomization.yaml") else "-f"
        self.kubectl("apply", "--server-side", option, folder)
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        self.wait(lambda: all(
            any(c["type"] == "Established" and c["status"] == "True"
                for c in crd["status"]["conditions"])
            for crd in self.api.get(path)["items"]), what="the Gateway API kinds")

    def _wait_usable(self):
        for name in self._nodes:
            self.api.wait_object(object_path("nodes", name), lambda node: node and not [
                taint for taint in node["spec"].get("taints", [])
                if taint["key"] == "node.kubernetes.io/not-ready"])
        self.api.wait_object(object_path("serviceaccounts", "default", "default"), bool)
        self.api.wait_object(object_path("configmaps", "kube-root-ca.crt", "default"), bool)
        self.wait(lambda: self.run_in_netns(
            [sys.executable, "-c", "import socket; socket.create_connection(('10.0.0.1', 443), 1)"],
            check=False).returncode == 0, what="the kubernetes Service")
        self.wait(lambda: self.run_in_netns(
            ["getent", "hosts", "kubernetes.default.svc.cluster.local"],
            check=False).returncode == 0, what="cluster DNS")

    # --- using it ---------------------------------------------------------------------------

    @property
    def kubeconfig(self):
        """An administrator's kubeconfig; works on the host and inside the cluster."""
        return os.path.join(self.run_dir, "admin.kubeconfig")

    @property
    def pid(self):
        """The cluster's process 1, as the host counts."""
        return self._supervisor.pid

    @property
    def netns(self):
        """The cluster's network namespace as a file, e.g. for `nsenter --net=FILE`. It has no
        name under /run/netns: a name would outlive a killed test run."""
        return f"/proc/{self.pid}/ns/net"

    @property
    def component_binary(self):
        """The program that is all components and kubectl."""
        return self._program("controlplane")

    def kubectl(self, *args, input=None, check=True, timeout=60, kubeconfig=None):
        """Runs kubectl on the host and returns its standard output. Raises CommandError."""
        # pylint: disable=redefined-builtin
        argv = [self._program("controlplane"), "kubectl", *args]
        environment = {**os.environ, "KUBECONFIG": kubeconfig or self.kubeconfig}
        return self._run(argv, check, input=input, timeout=timeout, env=environment).stdout

    def apply(self, source, namespace=None, server_side=False):
        """Applies a file, a folder, manifest text, or one object (dict) or several (list)."""
        return self._kubectl_file("apply", source, namespace,
                                  ["--server-side"] if server_side else [])

    def delete(self, source, namespace=None):
        """Deletes what a manifest names, without waiting."""
        return self._kubectl_file("delete", source, namespace,
                                  ["--wait=false", "--ignore-not-found"])

    def _kubectl_file(self, verb, source, namespace, options):
        if namespace:
            options = [*options, "-n", namespace]
        if isinstance(source, (dict, list)):
            items = source if isinstance(source, list) else [source]
            source = "\n---\n".join(json.dumps(item) for item in items)
        if os.path.exists(source) if "\n" not in source and len(source) < 4096 else False:
            return self.kubectl(verb, *options, "-f", source)
        return self.kubectl(verb, *options, "-f", "-", input=source)

    def wait(self, predicate, timeout=30, what="condition"):
        """Calls predicate until it returns something true, and returns that. An exception counts
        as not yet and is shown if time runs out. A component that died ends the wait at once."""
        return wait_until(predicate, timeout, what, EXPECTED_ERRORS, self._check_components)

    def wait_deployment(self, namespace, name, timeout=30):
        """Waits until a Deployment's newest generation is rolled out and available."""
        def rolled_out(deployment):
            if not deployment:
                return False
            wanted = deployment["spec"].get("replicas", 1)
            status = deployment.get("status", {})
            return (status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
                    and status.get("updatedReplicas", 0) == wanted
                    and status.get("availableReplicas", 0) == wanted
                    and status.get("replicas", 0) == wanted)
        return self.api.wait_object(object_path("deployments", name, namespace, "apps/v1"),
                                    rolled_out, timeout)

    def wait_load_balancer(self, namespace, name, timeout=30):
        """Waits for a Service's load-balancer address and returns it."""
        def address(service):
            ingress = (service or {}).get("status", {}).get("loadBalancer", {}).get("ingress")
            return ingress[0]["ip"] if ingress else None
        return address(self.api.wait_object(object_path("services", name, namespace), address,
                                            timeout))

    def enter(self, argv, interactive=False):
        """The argument vector that runs a command inside the cluster: its network, its DNS, its
        processes; the host's files. The command dies with the cluster. An interactive shell gets
        the terminal's job control."""
        return [self._program("nsrun"), "enter", str(self.pid), "-t" if interactive else "--",
                *argv]

    def run_in_netns(self, argv, check=True, timeout=60, **options):
        """subprocess.run inside the cluster, with text output captured."""
        return self._run(self.enter(argv), check, timeout=timeout, **options)

    def popen_in_netns(self, argv, **options):
        """subprocess.Popen inside the cluster."""
        return subprocess.Popen(self.enter(argv), **options)

    @staticmethod
    def _run(argv, check, **options):
        result = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                check=False, **options)
        if check and result.returncode != 0:
            raise CommandError(argv, result)
        return result

    def set_images(self, image_map):
        """Replaces the image map; containers that start later use it."""
        self._images = {name: {"path": os.path.realpath(image)} if isinstance(image, str)
                        else image for name, image in image_map.items()}
        self._write_json("images.json", self._images)

    def set_dns(self, extra_dns):
        """Replaces the table of extra names at once."""
        self._names = {name.lower().rstrip("."): value for name, value in extra_dns.items()}
        self._write_json("names.json", self._names)

    def _write_json(self, name, value):
        path = os.path.join(self.run_dir, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.replace(path + ".new", path)

    def service_account_token(self, namespace, name, audience=None, seconds=3600):
        """A fresh token of a ServiceAccount."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": {"expirationSeconds": seconds}}
        if audience:
            body["spec"]["audiences"] = [audience]
        answer = self.api.request(
            "POST", object_path("serviceaccounts", name, namespace) + "/token", body)
        return answer["status"]["token"]

    def service_account_kubeconfig(self, namespace, name):
        """Writes a kubeconfig that is this ServiceAccount, and returns its path."""
        path = os.path.join(self.run_dir, f"{namespace}.{name}.kubeconfig")
        components.write_kubeconfig(path, self.port, f"{self.run_dir}/pki/ca.crt", {
            "token": self.service_account_token(namespace, name)})
        return path

    # --- faults -----------------------------------------------------------------------------

    def start_component(self, name, *flags):
        """Starts a component that is down, with further flags. The API server is waited for."""
        argv = components.command_line(name, self._program("controlplane"), self.run_dir,
                                       self.port, self._nodes)
        argv += [*self._flags.get(name, []), *flags]
        log = os.path.join(self.run_dir, "log", f"{name}.log")
        environment = {"PATH": entry.PATH, "HOME": "/root"}
        self.components[name] = self._supervisor.spawn(name, argv, log, environment)
        self._expected_down.discard(name)
        if name == "kube-apiserver":
            self.wait(lambda: self.api.request("GET", "/readyz", timeout=2) == "ok",
                      APISERVER_START_SECONDS, "the API server")

    def kill_component(self, name):
        """SIGKILL; for kube-apiserver and etcd their clients' connections end with it."""
        self._expected_down.add(name)
        self.components[name].kill()

    def restart_component(self, name, *flags):
        """kill_component and start_component."""
        self.kill_component(name)
        self.start_component(name, *flags)

    def pause_component(self, name):
        """SIGSTOP: connections stay open and nothing answers."""
        self.components[name].signal(signal.SIGSTOP)

    def resume_component(self, name):
        """SIGCONT."""
        self.components[name].signal(signal.SIGCONT)

    @contextlib.contextmanager
    def paused(self, name):
        """pause_component for the length of a with block."""
        self.pause_component(name)
        try:
            yield
        finally:
            self.resume_component(name)

    def cut_connections(self, port=None):
        """Resets every established TCP connection of the node to or from a port (default: the API
        server's, so all watches break) and returns how many sockets that were. The listener stays:
        clients can connect again at once."""
        return self._supervisor.request("cut", port=port or self.port).get("count", 0)

    def container_pid(self, namespace, pod, container=None):
        """A running container's process 1, as the cluster counts; None if it does not run."""
        prefix = f"{namespace}_{pod}_{container or ''}"
        folder = os.path.join(self.run_dir, "pids")
        for name in sorted(os.listdir(folder)):
            if name == prefix or container is None and name.startswith(prefix):
                with open(os.path.join(folder, name), encoding="ascii") as file:
                    return int(file.read())
        return None

    def signal_container(self, namespace, pod, number=signal.SIGKILL, container=None):
        """Signals a container's process 1 (the first container by default): SIGKILL crashes it,
        SIGSTOP and SIGCONT pause and resume it. The API server is not asked."""
        pid = self.container_pid(namespace, pod, container)
        if pid is None:
            raise LookupError(f"{namespace}/{pod} {container or ''} is not running")
        self._supervisor.request("signal", pid=pid, signal=int(number))

    def _check_components(self):
        for name, process in self.components.items():
            if process.returncode is not None and name not in self._expected_down:
                raise SupervisorError(f"{name} ended with status {process.returncode}:\n"
                                      f"{process.log_tail()}")


if __name__ == "__main__":
    sys.exit(entry.main(Cluster, REPO))
