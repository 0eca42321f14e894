"""The command line of cluster.py."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What the images of the manifests are on this machine, if they have been built.
IMAGES = {
    "tollgate/tollgate": "build/release/tollgate",
    "tollgate/tollgate-proxy": "build/release/tollgate-proxy",
}


def main(cluster_class, repo):
    """Runs one of the sub-commands; returns the exit status."""
    arguments = _parse()
    images = {name: os.path.join(repo, path) for name, path in IMAGES.items()
              if os.path.exists(os.path.join(repo, path))}
    images.update(_read_json(arguments.images))
    options = {"image_map": images, "extra_dns": _read_json(arguments.dns),
               "gateway_api_channel": None if arguments.channel == "none" else arguments.channel,
               "nodes": arguments.nodes, "run_dir": arguments.run_dir}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        started = time.monotonic()
        with cluster_class(**options) as cluster:
            print(f"cluster: up in {time.monotonic() - started:.1f} s", file=sys.stderr)
            if arguments.command == "shell":
                return _shell(cluster, images)
            return _up(cluster, arguments.ready_file)
    except (PermissionError, FileNotFoundError) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parse():
    parser = argparse.ArgumentParser(prog="cluster.py", description="A real Kubernetes control "
                                     "plane whose pods are processes of this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    shell = commands.add_parser("shell", help="bring a cluster up and open a shell in it")
    up = commands.add_parser("up", help="bring a cluster up and keep it until SIGTERM or SIGINT")
    up.add_argument("--ready-file", required=True, metavar="FILE",
                    help="written as JSON once the cluster is up: kubeconfig, enter, netns, pid")
    for command in (shell, up):
        command.add_argument("--images", metavar="FILE", help="JSON: image name -> program")
        command.add_argument("--dns", metavar="FILE", help="JSON: name -> NAMESPACE/SERVICE or IP")
        command.add_argument("--channel", default="experimental",
                             choices=("experimental", "standard", "none"),
                             help="Gateway API channel (default: experimental)")
        command.add_argument("--nodes", type=int, default=1, help="number of Node objects")
        command.add_argument("--run-dir", metavar="DIR", help="keep files and logs here")
    return parser.parse_args()


def _read_json(path):
    if not path:
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _tools(cluster):
    """A folder with kubectl in it."""
    folder = os.path.join(cluster.run_dir, "bin")
    os.makedirs(folder, exist_ok=True)
    kubectl = os.path.join(folder, "kubectl")
    with open(kubectl, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nexec {cluster.component_binary} kubectl \"$@\"\n")
    os.chmod(kubectl, 0o755)
    return folder


def _shell(cluster, images):
    shell = os.environ.get("SHELL", "/bin/sh")
    image_lines = "".join(f"    {name} = {image}\n" for name, image in images.items())
    print(f"""
A Kubernetes cluster is running in network namespace {cluster.netns} (process {cluster.pid}).
  In this shell:    kubectl is in PATH; Services, load balancers, pods and cluster DNS are reachable
  From the host:    KUBECONFIG={cluster.kubeconfig} {_tools(cluster)}/kubectl ...
  Load balancers:   10.250.0.0/16, here only
  Logs:             {cluster.run_dir}/log (components), {cluster.run_dir}/logs (pods)
  Images:
{image_lines or "    none: build the product first, or pass --images FILE" + chr(10)}
Leave the shell (exit or Ctrl-D) to stop and remove everything.
""", file=sys.stderr)
    environment = {**os.environ, "KUBECONFIG": cluster.kubeconfig,
                   "PATH": f"{_tools(cluster)}:{os.environ.get('PATH', PATH)}"}
    # Ctrl-C is for what runs in the shell.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    argv = cluster.enter([shell], interactive=True)
    return subprocess.run(argv, env=environment, check=False).returncode


def _up(cluster, ready_file):
    with open(ready_file + ".new", "w", encoding="utf-8") as file:
        json.dump({"kubeconfig": cluster.kubeconfig, "kubectl": f"{_tools(cluster)}/kubectl",
                   "enter": cluster.enter([]), "netns": cluster.netns, "pid": cluster.pid,
                   "port": cluster.port, "run_dir": cluster.run_dir}, file, indent=1)
    os.replace(ready_file + ".new", ready_file)
    while True:
        signal.pause()
