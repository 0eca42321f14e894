package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The fixed addresses of a cluster. They exist only inside its network namespace, so any number of
// clusters run side by side. kubelet/network.go and cluster.py know them too.
const (
	nodeV4, nodeV6 = "10.244.0.1/32", "fd00:10:244::1/128"
)

// local ranges: every address of them belongs to the node (AnyIP): Services and load balancers.
var localRanges = []struct{ cidr, src string }{
	{"10.0.0.0/16", "10.244.0.1"}, {"10.250.0.0/16", "10.244.0.1"},
	{"fd00:10:96::/112", "fd00:10:244::1"}, {"fd00:10:250::/64", "fd00:10:244::1"},
}

// prepareNode turns the empty network namespace into the node: loopback, the node's addresses,
// local routes for the Service and load-balancer ranges, forwarding. The API server's port is kept
// from being some client's own: one that dials while the server is away could meet itself.
func prepareNode(api string) error {
	_, port, err := net.SplitHostPort(api)
	if err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	for _, address := range []string{nodeV4, nodeV6} {
		a, err := netlink.ParseAddr(address)
		if err != nil {
			return err
		}
		a.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(lo, a); err != nil {
			return fmt.Errorf("address %s: %w", address, err)
		}
	}
	for _, r := range localRanges {
		_, dst, err := net.ParseCIDR(r.cidr)
		if err != nil {
			return err
		}
		route := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: dst, Src: net.ParseIP(r.src),
			Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Table: unix.RT_TABLE_LOCAL}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("local route %s: %w", r.cidr, err)
		}
	}
	for key, value := range map[string]string{"ipv4/ip_forward": "1",
		"ipv6/conf/all/forwarding": "1", "ipv4/ip_local_reserved_ports": port} {
		if err := os.WriteFile("/proc/sys/net/"+key, []byte(value), 0); err != nil {
			return err
		}
	}
	return nil
}

// serveRelay accepts connections on a socket that lives in the host's network namespace (a socket
// stays in the namespace it was made in) and passes them on inside this one.
func serveRelay(fd uintptr, target string) error {
	file := os.NewFile(fd, "relay")
	listener, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("relay socket: %w", err)
	}
	file.Close()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client.(*net.TCPConn), target)
		}
	}()
	return nil
}

func relay(client *net.TCPConn, target string) {
	defer client.Close()
	c, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	server := c.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{}, 2)
	pass := func(to, from *net.TCPConn) {
		if _, err := io.Copy(to, from); err != nil {
			to.Close()
			from.Close()
		}
		_ = to.CloseWrite()
		done <- struct{}{}
	}
	go pass(server, client)
	go pass(client, server)
	<-done
	<-done
}
