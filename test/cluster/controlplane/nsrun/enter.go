package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// joinNamespaces moves the calling thread (and what it forks) into namespaces of a process.
func joinNamespaces(pid string, kinds map[string]int) error {
	files := map[string]*os.File{}
	for name := range kinds {
		f, err := os.Open("/proc/" + pid + "/ns/" + name)
		if err != nil {
			return err
		}
		defer f.Close()
		files[name] = f
	}
	// A thread that shares its file-system attributes may not change its mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	for _, name := range []string{"net", "uts", "ipc", "pid", "mnt"} { // mnt last: it hides /proc
		f, wanted := files[name]
		if !wanted {
			continue
		}
		if err := unix.Setns(int(f.Fd()), kinds[name]); err != nil {
			return fmt.Errorf("join %s namespace of %s: %w", name, pid, err)
		}
	}
	return nil
}

// runEnter: args are the process id of the cluster's process 1 as seen here, "--" or "-t" and a
// command. The command dies with this process, and with the cluster; signals are passed on to it.
// With -t it is an interactive shell and gets the terminal.
func runEnter(args []string) (int, error) {
	if len(args) < 3 || (args[1] != "--" && args[1] != "-t") {
		return 2, fmt.Errorf("usage: nsrun enter PID --|-t COMMAND [ARG...]")
	}
	code, err := forkInto(args[0], append([]string{"enter-inside"}, args...), nil)
	if args[1] == "-t" && isTerminal() {
		signal.Ignore(syscall.SIGTTOU)
		if e := unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, unix.Getpgrp()); err == nil {
			err = e
		}
	}
	return code, err
}

func isTerminal() bool {
	_, err := unix.IoctlGetTermios(0, unix.TCGETS)
	return err == nil
}

// takeTerminal makes this process the leader of the terminal's foreground group: a shell cannot
// control jobs in a group that its pid namespace does not show.
func takeTerminal() error {
	if err := unix.Setpgid(0, 0); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	return unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, unix.Getpid())
}

func runEnterInside(args []string) (int, error) {
	if err := dieWithParent(); err != nil {
		return 125, err
	}
	if args[1] == "-t" && isTerminal() {
		if err := takeTerminal(); err != nil {
			return 125, fmt.Errorf("terminal: %w", err)
		}
	}
	dir, dirErr := os.Getwd()
	rest := map[string]int{"net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS}
	if err := joinNamespaces(args[0], rest); err != nil {
		return 125, err
	}
	if dirErr == nil {
		if err := unix.Chdir(dir); err != nil {
			return 125, err
		}
	}
	path, err := exec.LookPath(args[2])
	if err != nil {
		return 127, err
	}
	return 126, syscall.Exec(path, args[2:], os.Environ())
}

// dieWithParent is for a child in another pid namespace than its parent, where the standard
// library's own way takes the parent for dead.
func dieWithParent() error {
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0)
}

// forkInto joins the pid namespace of a process, which only counts for children, and runs this
// program again as such a child. The child is still in our mount namespace, so that it can be
// found and can find /proc; it joins the other namespaces itself.
func forkInto(pid string, argv []string, extra *os.File) (int, error) {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return 125, err
	}
	pids, err := os.Open("/proc/" + pid + "/ns/pid")
	if err != nil {
		return 125, err
	}
	defer pids.Close()
	if err := unix.Setns(int(pids.Fd()), unix.CLONE_NEWPID); err != nil {
		return 125, fmt.Errorf("join the pid namespace of %s: %w", pid, err)
	}
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	if extra != nil {
		files = append(files, extra)
	}
	return supervise(self, append([]string{"nsrun"}, argv...), files)
}

// supervise runs a command, passes signals on to it and returns its status.
func supervise(path string, argv []string, files []*os.File) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2)
	child, err := os.StartProcess(path, argv, &os.ProcAttr{Files: files})
	if err != nil {
		return 126, err
	}
	terminal := isTerminal()
	go func() {
		for s := range signals {
			// A terminal sends its signals to the whole group: the child already has them.
			if terminal && (s == syscall.SIGINT || s == syscall.SIGQUIT) {
				continue
			}
			_ = child.Signal(s)
		}
	}()
	state, err := child.Wait()
	if err != nil {
		return 125, err
	}
	return exitCode(state.Sys().(syscall.WaitStatus)), nil
}
