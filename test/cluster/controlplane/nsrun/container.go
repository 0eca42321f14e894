package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"tollgate.dev/test/cluster/controlplane/container"
)

// specFD carries the Spec in; errorFD carries a failure out and closes itself on a successful exec.
const specFD, errorFD = 3, 4

func readSpec() (*container.Spec, error) {
	file := os.NewFile(specFD, "spec")
	defer file.Close()
	spec := &container.Spec{}
	return spec, json.NewDecoder(file).Decode(spec)
}

// runContainer becomes the container: it was started in new mount, pid, uts and ipc namespaces.
func runContainer([]string) (int, error) {
	unix.CloseOnExec(errorFD)
	spec, err := readSpec()
	if err == nil {
		err = becomeContainer(spec)
	}
	report(err)
	return 128, err
}

func becomeContainer(spec *container.Spec) error {
	netns, err := os.Open(spec.NetNS)
	if err != nil {
		return err
	}
	if err := unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("join the pod's network namespace: %w", err)
	}
	netns.Close()
	if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
		return err
	}
	if err := buildRoot(spec); err != nil {
		return err
	}
	return execAs(spec)
}

// report tells the kubelet why there is no container.
func report(err error) {
	if err != nil {
		_, _ = os.NewFile(errorFD, "error").WriteString(err.Error())
	}
}

// execAs takes on the container's user and capabilities and executes its program.
func execAs(spec *container.Spec) error {
	if spec.Dir != "" {
		if err := os.MkdirAll(spec.Dir, 0o755); err != nil {
			return err
		}
		if err := unix.Chdir(spec.Dir); err != nil {
			return fmt.Errorf("working directory: %w", err)
		}
	}
	path, err := lookPath(spec.Argv[0], spec.Env)
	if err != nil {
		return err
	}
	unix.Umask(0o022)
	if err := becomeUser(spec); err != nil {
		return err
	}
	// Descriptors above the standard ones are ours alone.
	if err := unix.CloseRange(3, ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err
	}
	return fmt.Errorf("exec %s: %w", path, syscall.Exec(path, spec.Argv, spec.Env))
}

// becomeUser works on the calling thread alone: it is the one that survives the exec.
func becomeUser(spec *container.Spec) error {
	var mask uint64
	for _, c := range spec.Capabilities {
		mask |= 1 << uint(c)
	}
	for c := 0; c <= unix.CAP_LAST_CAP; c++ {
		if mask&(1<<uint(c)) == 0 {
			// EINVAL: a capability that this kernel does not have.
			err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0)
			if err != nil && !errors.Is(err, unix.EINVAL) {
				return fmt.Errorf("drop capability %d: %w", c, err)
			}
		}
	}
	if err := setIDs(spec); err != nil {
		return err
	}
	if spec.UID == 0 { // another user's were cleared by the change of the user id
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		low, high := uint32(mask), uint32(mask>>32)
		data := [2]unix.CapUserData{
			{Effective: low, Permitted: low}, {Effective: high, Permitted: high}}
		if err := unix.Capset(&header, &data[0]); err != nil {
			return fmt.Errorf("capabilities: %w", err)
		}
	}
	if spec.NoNewPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

func setIDs(spec *container.Spec) error {
	groups := make([]uint32, 0, len(spec.Groups)+1)
	for _, g := range append([]int{spec.GID}, spec.Groups...) {
		groups = append(groups, uint32(g))
	}
	if err := setgroups(groups); err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	gid, uid := uintptr(spec.GID), uintptr(spec.UID)
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESGID, gid, gid, gid); e != 0 {
		return fmt.Errorf("group %d: %w", gid, e)
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); e != 0 {
		return fmt.Errorf("user %d: %w", uid, e)
	}
	return nil
}

func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, e := range env {
		if value, is := strings.CutPrefix(e, "PATH="); is {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, name)
		if info, err := os.Stat(full); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}

// runExec runs one more command in a container: args are the process id of the container's
// process 1.
func runExec(args []string) (int, error) {
	if len(args) != 1 {
		return 2, fmt.Errorf("usage: nsrun exec PID (Spec on descriptor %d)", specFD)
	}
	return forkInto(args[0], []string{"exec-inside", args[0]}, os.NewFile(specFD, "spec"))
}

func runExecInside(args []string) (int, error) {
	if err := dieWithParent(); err != nil {
		return 125, err
	}
	spec, err := readSpec()
	if err != nil {
		return 125, err
	}
	rest := map[string]int{"net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS,
		"uts": unix.CLONE_NEWUTS, "ipc": unix.CLONE_NEWIPC}
	if err := joinNamespaces(args[0], rest); err != nil {
		return 125, err
	}
	if isTerminal() { // the kubelet's pseudo-terminal: nobody else's
		if _, err := unix.Setsid(); err != nil {
			return 125, err
		}
		if err := unix.IoctlSetInt(0, unix.TIOCSCTTY, 0); err != nil {
			return 125, fmt.Errorf("terminal: %w", err)
		}
	}
	return 126, execAs(spec)
}
