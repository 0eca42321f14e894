// Command nsrun is the small helper beside the control plane binary. It starts in about a
// millisecond, so it is what runs per container and per client command:
//
//	nsrun cluster    starts nsrun init in the cluster's namespaces
//	nsrun init       the cluster's process 1: starts, signals and reaps, ends everything on EOF
//	nsrun enter      runs a client command inside the cluster's namespaces
//	nsrun container  becomes a container: root file system, namespaces, user, capabilities, exec
//	nsrun exec       runs one more command inside a running container
//	nsrun pki        writes the throw-away certificates of one cluster
package main

import (
	"fmt"
	"os"
	"runtime"
)

// Namespaces and credentials belong to threads: everything here runs on the main one.
func init() { runtime.LockOSThread() }

func main() {
	commands := map[string]func([]string) (int, error){
		"cluster": runCluster, "init": runInit, "enter": runEnter,
		"enter-inside": runEnterInside, "container": runContainer,
		"exec": runExec, "exec-inside": runExecInside, "pki": runPKI,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: nsrun cluster|init|enter|container|exec|pki ...")
		os.Exit(2)
	}
	code, err := commands[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "nsrun %s: %v\n", os.Args[1], err)
	}
	os.Exit(code)
}
