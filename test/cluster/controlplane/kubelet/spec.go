package kubelet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/securitycontext"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"

	"tollgate.dev/test/cluster/controlplane/container"
)

const terminationLog = "/dev/termination-log"

// containerSpec turns the API's description into nsrun's. The string is the waiting reason that
// goes with an error.
func (w *worker) containerSpec(pod *v1.Pod, c *v1.Container) (*container.Spec, string, error) {
	image, err := w.kubelet.config.findImage(c.Image)
	if err != nil {
		return nil, "ErrImagePull", err
	}
	values, err := w.environment(pod, c, image)
	if err != nil {
		return nil, "CreateContainerConfigError", err
	}
	spec := &container.Spec{
		Root:     filepath.Join(w.volumes.dir, "containers", c.Name, "root"),
		NetNS:    w.network.netns,
		Hostname: hostname(pod),
		Files:    image.Files,
		Etc:      w.etcFiles(pod),
		Dir:      firstOf(c.WorkingDir, image.Dir),
		Env:      sortedEnv(values),
	}
	lookup := expansion.MappingFuncFor(values)
	for _, word := range pick(c.Command, image.Entrypoint) {
		spec.Argv = append(spec.Argv, expansion.Expand(word, lookup))
	}
	words := c.Args
	if len(words) == 0 && len(c.Command) == 0 {
		words = image.Args
	}
	for _, word := range words {
		spec.Argv = append(spec.Argv, expansion.Expand(word, lookup))
	}
	if len(spec.Argv) == 0 {
		return nil, "CreateContainerError", errors.New("no command specified")
	}
	if err := setUser(spec, pod, c, image); err != nil {
		return nil, "CreateContainerConfigError", err
	}
	if err := w.setMounts(spec, c, image, lookup); err != nil {
		return nil, "CreateContainerConfigError", err
	}
	return spec, "", nil
}

func pick(first, second []string) []string {
	if len(first) > 0 {
		return first
	}
	return second
}

func firstOf(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func (w *worker) setMounts(spec *container.Spec, c *v1.Container, image *Image,
	lookup func(string) string) error {
	for inside, outside := range image.Writable {
		spec.Mounts = append(spec.Mounts, container.Mount{Source: outside, Target: inside})
	}
	for _, m := range c.VolumeMounts {
		source, known := w.volumes.paths[m.Name]
		if !known {
			return fmt.Errorf("volume %q is not mounted", m.Name)
		}
		sub := m.SubPath
		if m.SubPathExpr != "" {
			sub = expansion.Expand(m.SubPathExpr, lookup)
		}
		if sub != "" {
			source = filepath.Join(source, filepath.Clean("/"+sub))
			if err := makeIfMissing(source); err != nil {
				return err
			}
			real, err := filepath.EvalSymlinks(source)
			if err != nil {
				return err
			}
			source = real
		}
		spec.Mounts = append(spec.Mounts, container.Mount{Source: source, Target: m.MountPath,
			ReadOnly: m.ReadOnly || w.readOnlyVolume(m.Name)})
	}
	// The process may be of any user and writes its last words into this file.
	message := filepath.Join(w.volumes.dir, "containers", c.Name, "termination-log")
	if err := os.MkdirAll(spec.Root, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(message, nil, 0o666); err != nil {
		return err
	}
	if err := os.Chmod(message, 0o666); err != nil {
		return err
	}
	spec.Mounts = append(spec.Mounts, container.Mount{Source: message,
		Target: firstOf(c.TerminationMessagePath, terminationLog)})
	return nil
}

func makeIfMissing(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	return os.MkdirAll(dir, 0o755)
}

// readOnlyVolume: what the kubelet writes, the container cannot.
func (w *worker) readOnlyVolume(name string) bool {
	pod, _ := w.current()
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; v.Name == name {
			return v.Secret != nil || v.ConfigMap != nil || v.Projected != nil ||
				v.DownwardAPI != nil
		}
	}
	return false
}

func effectiveUser(pod *v1.Pod, c *v1.Container) (*int64, bool) {
	return securitycontext.DetermineEffectiveRunAsUser(pod, c)
}

func setUser(spec *container.Spec, pod *v1.Pod, c *v1.Container, image *Image) error {
	context := securitycontext.DetermineEffectiveSecurityContext(pod, c)
	user, group, _ := strings.Cut(image.User, ":")
	for text, target := range map[string]*int{user: &spec.UID, group: &spec.GID} {
		if text == "" {
			continue
		}
		number, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("user %q of the image is not numeric", image.User)
		}
		*target = number
	}
	if context.RunAsUser != nil {
		spec.UID = int(*context.RunAsUser)
		spec.GID = 0
	}
	if context.RunAsGroup != nil {
		spec.GID = int(*context.RunAsGroup)
	}
	if ptr.Deref(context.RunAsNonRoot, false) && spec.UID == 0 {
		return errors.New("container has runAsNonRoot and image will run as root")
	}
	if s := pod.Spec.SecurityContext; s != nil {
		for _, g := range s.SupplementalGroups {
			spec.Groups = append(spec.Groups, int(g))
		}
		if s.FSGroup != nil {
			spec.Groups = append(spec.Groups, int(*s.FSGroup))
		}
	}
	spec.ReadOnlyRoot = ptr.Deref(context.ReadOnlyRootFilesystem, false)
	spec.NoNewPrivs = securitycontext.AddNoNewPrivileges(context)
	kept, err := capabilities(context)
	spec.Capabilities = kept
	return err
}

// capabilityNumbers has what container runtimes grant by default first.
var capabilityNumbers = map[string]int{
	"CHOWN": unix.CAP_CHOWN, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "FOWNER": unix.CAP_FOWNER,
	"FSETID": unix.CAP_FSETID, "KILL": unix.CAP_KILL, "SETGID": unix.CAP_SETGID,
	"SETUID": unix.CAP_SETUID, "SETPCAP": unix.CAP_SETPCAP,
	"NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE, "NET_RAW": unix.CAP_NET_RAW,
	"SYS_CHROOT": unix.CAP_SYS_CHROOT, "MKNOD": unix.CAP_MKNOD,
	"AUDIT_WRITE": unix.CAP_AUDIT_WRITE, "SETFCAP": unix.CAP_SETFCAP,

	"NET_ADMIN": unix.CAP_NET_ADMIN, "NET_BROADCAST": unix.CAP_NET_BROADCAST,
	"SYS_ADMIN": unix.CAP_SYS_ADMIN, "SYS_PTRACE": unix.CAP_SYS_PTRACE,
	"SYS_NICE": unix.CAP_SYS_NICE, "SYS_RESOURCE": unix.CAP_SYS_RESOURCE,
	"SYS_TIME": unix.CAP_SYS_TIME, "IPC_LOCK": unix.CAP_IPC_LOCK, "IPC_OWNER": unix.CAP_IPC_OWNER,
	"DAC_READ_SEARCH": unix.CAP_DAC_READ_SEARCH, "PERFMON": unix.CAP_PERFMON, "BPF": unix.CAP_BPF,
}

var defaultCapabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID",
	"SETUID", "SETPCAP", "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE",
	"SETFCAP"}

func capabilities(context *v1.SecurityContext) ([]int, error) {
	kept := map[string]bool{}
	for _, name := range defaultCapabilities {
		kept[name] = true
	}
	if ptr.Deref(context.Privileged, false) {
		for name := range capabilityNumbers {
			kept[name] = true
		}
	}
	if c := context.Capabilities; c != nil {
		for _, drop := range c.Drop {
			if drop == "ALL" {
				kept = map[string]bool{}
			}
			delete(kept, string(drop))
		}
		for _, add := range c.Add {
			kept[strings.TrimPrefix(string(add), "CAP_")] = true
		}
	}
	var numbers []int
	for name := range kept {
		number, known := capabilityNumbers[name]
		if !known {
			return nil, fmt.Errorf("capability %q is not supported", name)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

func hostname(pod *v1.Pod) string {
	name := firstOf(pod.Spec.Hostname, pod.Name)
	return strings.TrimRight(name[:min(len(name), 63)], "-.")
}

// etcFiles are those that the kubelet and the runtime write, not the image.
func (w *worker) etcFiles(pod *v1.Pod) map[string]string {
	hosts := "127.0.0.1 localhost\n::1 localhost\n"
	name := hostname(pod)
	full := name
	if pod.Spec.Subdomain != "" {
		full = fmt.Sprintf("%s.%s.%s.svc.%s %s", name, pod.Spec.Subdomain, pod.Namespace,
			clusterDomain, name)
	}
	for _, ip := range w.network.ips {
		hosts += ip + " " + full + "\n"
	}
	for _, alias := range pod.Spec.HostAliases {
		hosts += alias.IP + " " + strings.Join(alias.Hostnames, " ") + "\n"
	}
	return map[string]string{
		"hosts": hosts, "hostname": name + "\n", "resolv.conf": resolvConf(pod),
		"passwd": "root:x:0:0:root:/root:/bin/sh\n" +
			"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" +
			"nonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin\n",
		"group": "root:x:0:\nnogroup:x:65534:\nnonroot:x:65532:\n",
	}
}

func resolvConf(pod *v1.Pod) string {
	servers, searches, options := []string{clusterDNS}, []string{}, []string{}
	switch policy := pod.Spec.DNSPolicy; {
	case policy == v1.DNSNone:
		servers = nil
	case policy == v1.DNSClusterFirstWithHostNet || !pod.Spec.HostNetwork &&
		policy != v1.DNSDefault:
		searches = []string{pod.Namespace + ".svc." + clusterDomain, "svc." + clusterDomain,
			clusterDomain}
		options = []string{"ndots:5"}
	}
	if c := pod.Spec.DNSConfig; c != nil {
		servers = append(servers, c.Nameservers...)
		searches = append(searches, c.Searches...)
		for _, o := range c.Options {
			if o.Value == nil {
				options = append(options, o.Name)
			} else {
				options = append(options, o.Name+":"+*o.Value)
			}
		}
	}
	text := ""
	for _, server := range servers {
		text += "nameserver " + server + "\n"
	}
	if len(searches) > 0 {
		text += "search " + strings.Join(searches, " ") + "\n"
	}
	if len(options) > 0 {
		text += "options " + strings.Join(options, " ") + "\n"
	}
	return text
}
