"""Command lines and files of the cluster's programs. Addresses are those of
controlplane/nsrun/network.go and controlplane/kubelet/network.go."""

import json
import os

NODE_ADDRESS = "10.244.0.1"
DNS_ADDRESS = "10.0.0.10"
ETCD_CLIENT, ETCD_PEER = "127.0.0.1:2379", "127.0.0.1:2380"
POD_RANGE = "10.244.0.0/16,fd00:10:244::/64"
SERVICE_RANGE = "10.0.0.0/16,fd00:10:96::/112"

# In start order. No scheduler (the kubelet binds) and none of the controllers that judge nodes by
# heartbeats, which nobody sends.
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kubelet")
CONTROLLERS = (
    "deployment-controller", "replicaset-controller", "daemonset-controller",
    "statefulset-controller", "job-controller", "endpoints-controller",
    "endpointslice-controller", "endpointslice-mirroring-controller", "namespace-controller",
    "serviceaccount-controller", "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller", "garbage-collector-controller",
    "disruption-controller", "horizontal-pod-autoscaler-controller",
    "clusterrole-aggregation-controller", "validatingadmissionpolicy-status-controller")


def write_files(run_dir, port, nsrun, nodes, backoff_millis):
    """Writes everything that the programs read, below the run directory."""
    pki = os.path.join(run_dir, "pki")
    for name in ("admin", "kcm", "kubelet", "kube-proxy"):
        user = {"client-certificate": f"{pki}/{name}.crt", "client-key": f"{pki}/{name}.key"}
        write_kubeconfig(os.path.join(run_dir, f"{name}.kubeconfig"), port, f"{pki}/ca.crt", user)
    with open(os.path.join(run_dir, "resolv.conf"), "w", encoding="utf-8") as file:
        file.write(f"nameserver {DNS_ADDRESS}\n"
                   "search default.svc.cluster.local svc.cluster.local cluster.local\n"
                   "options ndots:5\n")
    with open(os.path.join(run_dir, "kubelet.json"), "w", encoding="utf-8") as file:
        json.dump({
            "kubeconfig": f"{run_dir}/kubelet.kubeconfig", "runDir": run_dir, "nsrun": nsrun,
            "nodes": nodes, "imagesFile": f"{run_dir}/images.json",
            "namesFile": f"{run_dir}/names.json", "pki": pki,
            "restartBackoffMillis": backoff_millis[0],
            "restartBackoffMaxMillis": backoff_millis[1]}, file)


def write_kubeconfig(path, port, ca_file, user):
    """JSON is YAML. 127.0.0.1 works on the host, through the relay, and in the cluster."""
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {
            "server": f"https://127.0.0.1:{port}", "certificate-authority": ca_file}}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)


def command_line(component, binary, run_dir, port, nodes):
    """The argument vector of one component."""
    return {
        "etcd": lambda: [binary, "etcd", f"{run_dir}/etcd", ETCD_CLIENT, ETCD_PEER],
        "kube-apiserver": lambda: [binary, "kube-apiserver", *_apiserver_flags(run_dir, port)],
        "kube-controller-manager": lambda: [
            binary, "kube-controller-manager", *_controller_flags(run_dir)],
        "kube-proxy": lambda: [binary, "kube-proxy", *_proxy_flags(run_dir, nodes)],
        "kubelet": lambda: [binary, "kubelet", f"{run_dir}/kubelet.json"],
    }[component]()


def _apiserver_flags(run_dir, port):
    pki = f"{run_dir}/pki"
    return [
        f"--etcd-servers=http://{ETCD_CLIENT}", "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}", f"--secure-port={port}",
        f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
        "--authorization-mode=RBAC",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged=true", f"--cert-dir={run_dir}/apiserver", "--v=1"]


def _controller_flags(run_dir):
    pki = f"{run_dir}/pki"
    return [
        f"--kubeconfig={run_dir}/kcm.kubeconfig", "--bind-address=127.0.0.1",
        "--secure-port=10257", f"--cert-dir={run_dir}/kcm", "--leader-elect=false",
        "--use-service-account-credentials=true", f"--root-ca-file={pki}/ca.crt",
        f"--service-account-private-key-file={pki}/sa.key",
        "--kube-api-qps=200", "--kube-api-burst=400",
        f"--controllers={','.join(CONTROLLERS)}"]


def _proxy_flags(run_dir, nodes):
    return [
        f"--kubeconfig={run_dir}/kube-proxy.kubeconfig", f"--hostname-override={nodes[0]}",
        "--proxy-mode=iptables", f"--cluster-cidr={POD_RANGE}",
        "--iptables-min-sync-period=10ms", "--iptables-localhost-nodeports=false",
        "--conntrack-max-per-core=0", "--conntrack-min=0",
        "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s",
        "--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249"]
