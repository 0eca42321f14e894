package kubelet

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The fixed addresses of a cluster; nsrun/network.go makes the node's side of them.
const (
	nodeIPv4, nodeIPv6 = "10.244.0.1", "fd00:10:244::1"
	podGateway         = "169.254.1.1" // every pod's next hop, on the node's end of its veth
	podGateway6        = "fe80::1"
	clusterDNS         = "10.0.0.10"
	clusterDomain      = "cluster.local"
	kubeletPort        = 10250
	firstPod, lastPod  = 0x0100, 0xfffe // 10.244.1.0 - 10.244.255.254
)

// network makes the pods' network namespaces: a routed veth each, no bridge (a bridge breaks a pod
// that reaches itself through a Service).
type network struct {
	dir  string
	mu   sync.Mutex
	next int
	used map[int]bool
}

// podNetwork is one pod's; host network pods have the node's and no number.
type podNetwork struct {
	number int
	netns  string
	ips    []string
	link   string
}

func newNetwork(runDir string) *network {
	return &network{dir: filepath.Join(runDir, "netns"), next: firstPod, used: map[int]bool{}}
}

func (n *network) hostNetwork() *podNetwork {
	return &podNetwork{netns: "/proc/1/ns/net", ips: []string{nodeIPv4, nodeIPv6}}
}

// take hands out pod numbers round robin, so that an address is not reused soon.
func (n *network) take() (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for range lastPod - firstPod {
		number := n.next
		if n.next++; n.next > lastPod {
			n.next = firstPod
		}
		if !n.used[number] && number&0xff != 0 && number&0xff != 0xff {
			n.used[number] = true
			return number, nil
		}
	}
	return 0, fmt.Errorf("no pod address is free")
}

// add makes the namespace of one pod, with its addresses and sysctls.
func (n *network) add(name string, sysctls map[string]string) (*podNetwork, error) {
	number, err := n.take()
	if err != nil {
		return nil, err
	}
	p := &podNetwork{
		number: number, netns: filepath.Join(n.dir, name), link: fmt.Sprintf("pod%d", number),
		ips: []string{fmt.Sprintf("10.244.%d.%d", number>>8, number&0xff),
			fmt.Sprintf("fd00:10:244::%x", number)},
	}
	if err := p.make(sysctls); err != nil {
		n.remove(p)
		return nil, err
	}
	return p, nil
}

// remove undoes add, whole or in part; the veth goes with the namespace.
func (n *network) remove(p *podNetwork) {
	if p.number == 0 {
		return
	}
	if link, err := netlink.LinkByName(p.link); err == nil {
		_ = netlink.LinkDel(link) // at once: the namespace may live on in a dying process
	}
	_ = unix.Unmount(p.netns, unix.MNT_DETACH)
	_ = os.Remove(p.netns)
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.used, p.number)
}

func (p *podNetwork) make(sysctls map[string]string) error {
	done := make(chan error)
	go func() {
		// The thread is spoilt by its namespace: it is never unlocked and ends with the goroutine.
		runtime.LockOSThread()
		done <- p.makeInside(sysctls)
	}()
	if err := <-done; err != nil {
		return err
	}
	link, err := netlink.LinkByName(p.link)
	if err != nil {
		return err
	}
	gateway, err := netlink.ParseAddr(podGateway + "/32")
	if err != nil {
		return err
	}
	gateway.Scope = unix.RT_SCOPE_LINK // never chosen as a source
	gateway6, err := netlink.ParseAddr(podGateway6 + "/64")
	if err != nil {
		return err
	}
	gateway6.Flags = unix.IFA_F_NODAD
	for _, address := range []*netlink.Addr{gateway, gateway6} {
		if err := netlink.AddrAdd(link, address); err != nil {
			return fmt.Errorf("gateway %v: %w", address, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	for i, source := range []string{nodeIPv4, nodeIPv6} {
		ip := net.ParseIP(p.ips[i])
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: netlink.NewIPNet(ip),
			Src: net.ParseIP(source), Scope: unix.RT_SCOPE_LINK}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("route to %v: %w", ip, err)
		}
	}
	return nil
}

// makeInside runs on a thread of its own, which it moves into the new namespace.
func (p *podNetwork) makeInside(sysctls map[string]string) error {
	node, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer node.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := os.WriteFile(p.netns, nil, 0o600); err != nil {
		return err
	}
	if err := unix.Mount("/proc/thread-self/ns/net", p.netns, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	inside, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer inside.Close()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: p.link,
		PeerNamespace: netlink.NsFd(int(node.Fd()))}
	if err := inside.LinkAdd(veth); err != nil {
		return fmt.Errorf("veth: %w", err)
	}
	for _, name := range []string{"lo", "eth0"} {
		link, err := inside.LinkByName(name)
		if err != nil {
			return err
		}
		if name == "eth0" {
			if err := p.addAddresses(inside, link); err != nil {
				return err
			}
		}
		if err := inside.LinkSetUp(link); err != nil {
			return err
		}
		if name == "eth0" {
			if err := addDefaultRoutes(inside, link); err != nil {
				return err
			}
		}
	}
	for key, value := range sysctls {
		path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			return fmt.Errorf("sysctl %s: %w", key, err)
		}
	}
	return nil
}

func (p *podNetwork) addAddresses(h *netlink.Handle, link netlink.Link) error {
	for i, bits := range []string{"/32", "/128"} {
		address, err := netlink.ParseAddr(p.ips[i] + bits)
		if err != nil {
			return err
		}
		if i == 1 {
			address.Flags = unix.IFA_F_NODAD
		}
		if err := h.AddrAdd(link, address); err != nil {
			return fmt.Errorf("address %v: %w", address, err)
		}
	}
	return nil
}

func addDefaultRoutes(h *netlink.Handle, link netlink.Link) error {
	for _, r := range []struct{ gateway, all string }{
		{podGateway, "0.0.0.0/0"}, {podGateway6, "::/0"}} {
		_, all, err := net.ParseCIDR(r.all)
		if err != nil {
			return err
		}
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: all,
			Gw: net.ParseIP(r.gateway), Flags: int(netlink.FLAG_ONLINK)}
		if err := h.RouteAdd(route); err != nil {
			return fmt.Errorf("default route: %w", err)
		}
	}
	return nil
}
