package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// request is one line from the harness; reply and event are lines to it.
type request struct {
	ID     int      `json:"id"`
	Op     string   `json:"op"` // start, signal, cut
	Argv   []string `json:"argv"`
	Env    []string `json:"env"`
	Dir    string   `json:"dir"`
	Log    string   `json:"log"`
	PID    int      `json:"pid"`
	Signal int      `json:"signal"`
	Port   uint16   `json:"port"`
}

type reply struct {
	ID    int    `json:"id,omitempty"`
	PID   int    `json:"pid,omitempty"`
	Count int    `json:"count,omitempty"`
	Error string `json:"error,omitempty"`
	Event string `json:"event,omitempty"` // started, ready, exit
	Code  int    `json:"code"`            // exit status, 128 + signal if killed
}

// supervisor is process 1 of the cluster's pid namespace. The kernel kills every process of the
// namespace when it ends, so a harness that dies by any means takes the whole cluster with it:
// its end of the control pipe closes, and that ends process 1.
type supervisor struct {
	mu  sync.Mutex
	out *json.Encoder
}

// runCluster starts process 1 in new network, mount and pid namespaces, says which process that is
// as seen from here, and lives as long as it does. Its arguments are those of runInit.
func runCluster(args []string) (int, error) {
	const relay = 3 // runInit's listening socket is passed through
	child, err := os.StartProcess("/proc/self/exe", append([]string{"nsrun", "init"}, args...),
		&os.ProcAttr{
			Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, os.NewFile(relay, "relay")},
			Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true,
				Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID},
		})
	if err != nil {
		return 1, err
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP) // the harness's to handle
	if err := json.NewEncoder(os.Stdout).Encode(reply{Event: "started", PID: child.Pid}); err != nil {
		return 1, err
	}
	state, err := child.Wait()
	if err != nil {
		return 1, err
	}
	return exitCode(state.Sys().(syscall.WaitStatus)), nil
}

// runInit: args are the run directory (holds resolv.conf, gets netns/), "keep" or "remove" (what
// happens to the directory at the end), and the API server's address. Standard input and output
// are the control channel; descriptor 3 is a listening socket of the host whose connections are
// passed on to the API server.
func runInit(args []string) (int, error) {
	if len(args) != 3 {
		return 2, fmt.Errorf("usage: nsrun init RUN-DIR keep|remove API-HOST:PORT")
	}
	runDir, remove, api := args[0], args[1] == "remove", args[2]
	if os.Getpid() != 1 {
		return 2, fmt.Errorf("must be process 1 of its own pid namespace")
	}
	// SIGPIPE: a report to a harness that is gone must not end us before everything is tidied up.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	if err := prepareMounts(runDir); err != nil {
		return 1, err
	}
	if err := prepareNode(api); err != nil {
		return 1, err
	}
	if err := serveRelay(3, api); err != nil {
		return 1, err
	}
	s := &supervisor{out: json.NewEncoder(os.Stdout)}
	go s.reap()
	s.send(reply{Event: "ready"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			s.send(reply{Error: err.Error()})
			continue
		}
		s.send(s.serve(r))
	}
	return 0, endCluster(runDir, remove)
}

func (s *supervisor) send(r reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A harness that is gone cannot be told; the EOF on the other pipe ends the cluster.
	_ = s.out.Encode(r)
}

func (s *supervisor) serve(r request) reply {
	answer := reply{ID: r.ID}
	var err error
	switch r.Op {
	case "start":
		answer.PID, err = start(r)
	case "signal":
		err = syscall.Kill(r.PID, syscall.Signal(r.Signal))
	case "cut":
		answer.Count, err = cutConnections(r.Port)
	default:
		err = fmt.Errorf("unknown operation %q", r.Op)
	}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

func start(r request) (int, error) {
	log, err := os.OpenFile(r.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	return syscall.ForkExec(r.Argv[0], r.Argv, &syscall.ProcAttr{
		Dir: r.Dir, Env: r.Env,
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
}

// reap waits for every child and every orphan of the namespace and reports each end.
func (s *supervisor) reap() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for range ended {
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
			s.send(reply{Event: "exit", PID: pid, Code: exitCode(status)})
		}
	}
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// prepareMounts makes what only the cluster's mount namespace sees: a place for the pods' network
// namespaces, and the cluster's resolver for client commands.
func prepareMounts(runDir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	netns := filepath.Join(runDir, "netns")
	if err := os.MkdirAll(netns, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", netns, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount %s: %w", netns, err)
	}
	target, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return nil // a host without the file: clients use addresses
	}
	resolv := filepath.Join(runDir, "resolv.conf")
	if err := unix.Mount(resolv, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// endCluster kills every other process of the namespace, then removes the run directory. Nothing
// is removed while anything is still mounted below it: a bind mount would lead out of it.
func endCluster(runDir string, remove bool) error {
	_ = syscall.Kill(-1, syscall.SIGKILL)
	for {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(-1, &status, 0, nil); err == syscall.ECHILD {
			break
		}
	}
	mounts, err := mountsBelow(runDir)
	if err != nil {
		return err
	}
	for i := len(mounts) - 1; i >= 0; i-- {
		_ = unix.Unmount(mounts[i], unix.MNT_DETACH)
	}
	if !remove {
		return nil
	}
	if mounts, err = mountsBelow(runDir); err != nil || len(mounts) > 0 {
		return fmt.Errorf("still mounted: %v (%v)", mounts, err)
	}
	return os.RemoveAll(runDir)
}

func mountsBelow(dir string) ([]string, error) {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, line := range strings.Split(string(info), "\n") {
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasPrefix(fields[4]+"/", dir+"/") {
			found = append(found, fields[4])
		}
	}
	return found, nil
}
