package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"

	"tollgate.dev/test/cluster/controlplane/container"
)

// Every image is the host's /usr and these parts of its /etc, read-only, plus the files that the
// image map names. Nothing else of the host is visible.
var (
	hostTrees = []string{"/usr", "/etc/ssl", "/etc/alternatives", "/etc/ca-certificates"}
	hostFiles = []string{"/etc/nsswitch.conf", "/etc/ld.so.cache", "/etc/ld.so.conf",
		"/etc/localtime", "/etc/protocols", "/etc/services", "/etc/mime.types", "/etc/gai.conf",
		"/etc/host.conf", "/etc/os-release"}
	usrLinks = []string{"/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"}
	devices  = []string{"null", "zero", "full", "random", "urandom", "tty"}
	emptyDir = map[string]os.FileMode{"/tmp": 0o1777, "/var/tmp": 0o1777, "/run": 0o755,
		"/root": 0o700, "/home": 0o755, "/var/lib": 0o755, "/var/log": 0o755,
		"/var/cache": 0o755, "/etc": 0o755, "/opt": 0o755, "/srv": 0o755, "/mnt": 0o755}
)

const rootSize = "size=256m,mode=755"

// buildRoot assembles the root file system of a container in its own mount namespace and makes it
// the root of the calling process.
func buildRoot(spec *container.Spec) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	root := spec.Root
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, rootSize); err != nil {
		return fmt.Errorf("mount root: %w", err)
	}
	steps := []func(string, *container.Spec) error{
		makeTree, mountKernel, mountDev, mountImage, mountVolumes,
	}
	for _, step := range steps {
		if err := step(root, spec); err != nil {
			return err
		}
	}
	if spec.ReadOnlyRoot {
		flags := uintptr(unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY)
		if err := unix.Mount("", root, "", flags, ""); err != nil {
			return fmt.Errorf("read-only root: %w", err)
		}
	}
	return pivot(root)
}

func pivot(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the host's root: %w", err)
	}
	return unix.Chdir("/")
}

func makeTree(root string, spec *container.Spec) error {
	for path, mode := range emptyDir {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(full, 0o755); err != nil {
			return err
		}
		if err := unix.Chmod(full, uint32(mode)); err != nil {
			return err
		}
	}
	if err := os.Symlink("/run", root+"/var/run"); err != nil {
		return err
	}
	for name, contents := range spec.Etc {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(contents), 0o644); err != nil {
			return err
		}
	}
	for _, link := range usrLinks {
		if target, err := os.Readlink(link); err == nil {
			if err := os.Symlink(target, root+link); err != nil {
				return err
			}
		} else if _, err := os.Stat(link); err == nil {
			if err := bind(link, root+link, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func mountKernel(root string, _ *container.Spec) error {
	for _, m := range []struct {
		name, kind string
		flags      uintptr
	}{
		{"proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RDONLY},
	} {
		path := filepath.Join(root, m.name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, path, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mount /%s: %w", m.name, err)
		}
	}
	return nil
}

func mountDev(root string, _ *container.Spec) error {
	dev := root + "/dev"
	for _, dir := range []string{dev, dev + "/shm", dev + "/pts"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	for _, name := range devices {
		if err := bind("/dev/"+name, dev+"/"+name, false); err != nil {
			return err
		}
	}
	if err := unix.Mount("tmpfs", dev+"/shm", "tmpfs", 0, "size=64m,mode=1777"); err != nil {
		return fmt.Errorf("mount /dev/shm: %w", err)
	}
	if err := unix.Mount("devpts", dev+"/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=0620"); err != nil {
		return fmt.Errorf("mount /dev/pts: %w", err)
	}
	for link, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
		"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if err := os.Symlink(target, dev+"/"+link); err != nil {
			return err
		}
	}
	return nil
}

func mountImage(root string, spec *container.Spec) error {
	for _, path := range append(append([]string{}, hostTrees...), hostFiles...) {
		if _, err := os.Stat(path); err != nil {
			continue // not every host has every one
		}
		if err := bind(path, root+path, true); err != nil {
			return err
		}
	}
	for inside, outside := range spec.Files {
		if err := coverUsr(root, inside); err != nil {
			return err
		}
		if err := bind(outside, root+inside, true); err != nil {
			return err
		}
	}
	return nil
}

// coverUsr makes room for a file of the image below /usr, which is the host's and read-only: the
// directory it lies in (/usr/local/bin is on every Debian) is replaced by an empty one.
func coverUsr(root, inside string) error {
	dir := filepath.Dir(inside)
	if !strings.HasPrefix(inside, "/usr/") {
		return nil
	}
	covered, err := isMountPoint(root + dir)
	if err != nil || covered {
		return err
	}
	if err := unix.Mount("tmpfs", root+dir, "tmpfs", 0, "size=1m,mode=755"); err != nil {
		return fmt.Errorf("cover %s: %w", dir, err)
	}
	return nil
}

func isMountPoint(path string) (bool, error) {
	var here, parent unix.Stat_t
	if err := unix.Stat(path, &here); err != nil {
		return false, err
	}
	if err := unix.Stat(filepath.Dir(path), &parent); err != nil {
		return false, err
	}
	return here.Dev != parent.Dev, nil
}

func mountVolumes(root string, spec *container.Spec) error {
	mounts := append([]container.Mount{}, spec.Mounts...)
	sort.SliceStable(mounts, func(i, j int) bool { // parents before what lies in them
		return strings.Count(mounts[i].Target, "/") < strings.Count(mounts[j].Target, "/")
	})
	for _, m := range mounts {
		if err := bind(m.Source, filepath.Join(root, resolveRun(m.Target)), m.ReadOnly); err != nil {
			return err
		}
	}
	return nil
}

// resolveRun follows the one symbolic link of our own in a mount path.
func resolveRun(target string) string {
	clean := filepath.Clean("/" + target)
	if clean == "/var/run" || strings.HasPrefix(clean, "/var/run/") {
		return strings.TrimPrefix(clean, "/var")
	}
	return clean
}

// bind mounts a file or directory over a target that is made as needed.
func bind(source, target string, readOnly bool) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(target); err != nil {
		if err := makeTarget(target, info.IsDir()); err != nil {
			return fmt.Errorf("mount point: %w", err)
		}
	}
	flags := uintptr(unix.MS_BIND)
	if info.IsDir() {
		flags |= unix.MS_REC
	}
	if err := unix.Mount(source, target, "", flags, ""); err != nil {
		return fmt.Errorf("bind %s on %s: %w", source, target, err)
	}
	if !readOnly {
		return nil
	}
	flags = unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY
	if err := unix.Mount("", target, "", flags, ""); err != nil {
		return fmt.Errorf("read-only %s: %w", target, err)
	}
	return nil
}

func makeTarget(target string, dir bool) error {
	if dir {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}
