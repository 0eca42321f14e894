package kubelet

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"sync"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

var everything = labels.Everything()

// The ranges that load-balancer addresses come from: local to the node, so that kube-proxy's rules
// are all that is needed.
var (
	balancers4 = netip.MustParsePrefix("10.250.0.0/16")
	balancers6 = netip.MustParsePrefix("fd00:10:250::/64")
)

// balancerPool plays the cloud: it gives every Service of type LoadBalancer an address.
type balancerPool struct {
	kubelet *Kubelet
	mu      sync.Mutex
	owner   map[netip.Addr]types.UID
	next    uint16
}

// watchServices keeps status.loadBalancer of every Service. Services with a loadBalancerClass
// belong to somebody else.
func (k *Kubelet) watchServices(ctx context.Context) {
	pool := &balancerPool{kubelet: k, owner: map[netip.Addr]types.UID{}}
	react(k.factory.Core().V1().Services().Informer(), func(s *v1.Service, deleted bool) {
		if s.Spec.LoadBalancerClass != nil {
			return
		}
		wanted := !deleted && s.Spec.Type == v1.ServiceTypeLoadBalancer
		addresses := pool.assign(s, wanted)
		if deleted || wanted == (len(s.Status.LoadBalancer.Ingress) > 0) {
			return
		}
		go pool.write(ctx, s, addresses)
	})
}

// assign gives or takes back the addresses of one Service: those in its status, the one it asks
// for, or the next free one of each of its families.
func (p *balancerPool) assign(s *v1.Service, wanted bool) []netip.Addr {
	p.mu.Lock()
	defer p.mu.Unlock()
	var have []netip.Addr
	for address, owner := range p.owner {
		if owner == s.UID {
			have = append(have, address)
		}
	}
	if !wanted {
		for _, address := range have {
			delete(p.owner, address)
		}
		return nil
	}
	if len(have) > 0 {
		return have
	}
	for _, ingress := range s.Status.LoadBalancer.Ingress {
		if address, err := netip.ParseAddr(ingress.IP); err == nil {
			p.owner[address] = s.UID
			have = append(have, address)
		}
	}
	if len(have) > 0 {
		return have
	}
	asked, err := netip.ParseAddr(s.Spec.LoadBalancerIP)
	if err == nil && (balancers4.Contains(asked) || balancers6.Contains(asked)) {
		if _, taken := p.owner[asked]; !taken {
			p.owner[asked] = s.UID
			return []netip.Addr{asked}
		}
	}
	for _, family := range s.Spec.IPFamilies {
		address := p.free(family)
		p.owner[address] = s.UID
		have = append(have, address)
	}
	return have
}

func (p *balancerPool) free(family v1.IPFamily) netip.Addr {
	for {
		p.next++
		if p.next == 0 || p.next == 0xffff {
			continue
		}
		address := numbered(balancers4, p.next)
		if family == v1.IPv6Protocol {
			address = numbered(balancers6, p.next)
		}
		if _, taken := p.owner[address]; !taken {
			return address
		}
	}
}

// numbered is the prefix with its last 16 bits replaced.
func numbered(prefix netip.Prefix, number uint16) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	binary.BigEndian.PutUint16(bytes[len(bytes)-2:], number)
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

func (p *balancerPool) write(ctx context.Context, s *v1.Service, addresses []netip.Addr) {
	mode := v1.LoadBalancerIPModeVIP
	ingress := []v1.LoadBalancerIngress{}
	for _, address := range addresses {
		ingress = append(ingress, v1.LoadBalancerIngress{IP: address.String(), IPMode: &mode})
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"loadBalancer": map[string]any{"ingress": ingress}}})
	if err != nil {
		klog.Errorf("load balancer of %s/%s: %v", s.Namespace, s.Name, err)
		return
	}
	for {
		_, err = p.kubelet.client.CoreV1().Services(s.Namespace).Patch(ctx, s.Name,
			types.MergePatchType, patch, metav1.PatchOptions{}, "status")
		if err == nil || apierrors.IsNotFound(err) || ctx.Err() != nil {
			return
		}
		klog.Errorf("load balancer of %s/%s: %v", s.Namespace, s.Name, err)
		pause(ctx, retryEvery)
	}
}
