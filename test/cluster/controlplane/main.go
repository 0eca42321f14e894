// Command controlplane is a real Kubernetes control plane in one binary: the first argument picks
// the program. The components run as separate processes on purpose: feature gates, klog flags and
// signal handling are process-wide in Kubernetes.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"

	"tollgate.dev/test/cluster/controlplane/kubelet"
)

func main() {
	cmds := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": kcm.NewControllerManagerCommand,
		"kube-proxy":              proxy.NewProxyCommand,
		"kubectl":                 kubectl.NewDefaultKubectlCommand,
	}
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	switch name {
	case "etcd":
		os.Exit(runEtcd(os.Args[2:]))
	case "kubelet":
		os.Exit(kubelet.Main(os.Args[2:]))
	}
	mk := cmds[name]
	if mk == nil {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|"+
			"kube-proxy|kubelet|kubectl ...")
		os.Exit(2)
	}
	os.Args = os.Args[1:]
	os.Exit(cli.Run(mk()))
}
