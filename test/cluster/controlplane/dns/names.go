package dns

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
)

// entry is what a name stands for: addresses, SRV targets, or another name.
type entry struct {
	addresses []string
	targets   []target
	alias     string
}

type target struct {
	name string
	port uint16
}

// lookup finds a name given in lower case without the final dot. A name that exists without any
// record of the wanted type is known.
func (s *Server) lookup(name string) (entry, bool) {
	if value, found := s.extra.get(s.NamesFile, name); found {
		return s.extraEntry(value)
	}
	inside, found := strings.CutSuffix(name, "."+s.Domain)
	if !found {
		return entry{}, false
	}
	parts := strings.Split(inside, ".")
	last := len(parts) - 1
	switch {
	case last == 2 && parts[last] == "svc":
		return s.service(parts[1], parts[0], "")
	case last == 2 && parts[last] == "pod":
		return podByAddress(parts[0])
	case last == 3 && parts[last] == "svc":
		return s.service(parts[2], parts[1], parts[0])
	case last == 4 && parts[last] == "svc" && parts[0][:min(1, len(parts[0]))] == "_":
		return s.port(parts[3], parts[2], parts[0][1:], strings.TrimPrefix(parts[1], "_"))
	}
	return entry{}, false
}

// extraEntry resolves a value of the table of extra names.
func (s *Server) extraEntry(value string) (entry, bool) {
	if _, err := netip.ParseAddr(value); err == nil {
		return entry{addresses: []string{value}}, true
	}
	if namespace, service, is := strings.Cut(value, "/"); is {
		return s.service(namespace, service, "")
	}
	return entry{alias: strings.TrimSuffix(value, ".")}, true
}

// podByAddress answers 10-244-1-5.NAMESPACE.pod.
func podByAddress(dashed string) (entry, bool) {
	for _, separator := range []string{".", ":"} {
		if a, err := netip.ParseAddr(strings.ReplaceAll(dashed, "-", separator)); err == nil {
			return entry{addresses: []string{a.String()}}, true
		}
	}
	return entry{}, false
}

// service resolves a Service, or with host one pod of a headless Service.
func (s *Server) service(namespace, name, host string) (entry, bool) {
	service, err := s.Services.Services(namespace).Get(name)
	if err != nil {
		return entry{}, false
	}
	if service.Spec.Type == v1.ServiceTypeExternalName {
		return entry{alias: strings.ToLower(service.Spec.ExternalName)}, host == ""
	}
	if service.Spec.ClusterIP != v1.ClusterIPNone {
		return entry{addresses: service.Spec.ClusterIPs}, host == ""
	}
	var found entry
	s.eachEndpoint(service, func(e *discoveryv1.Endpoint, _ *discoveryv1.EndpointSlice) {
		if host == "" || endpointName(e) == host {
			found.addresses = append(found.addresses, e.Addresses[0])
		}
	})
	return found, host == "" || len(found.addresses) > 0
}

// port answers _PORT._PROTOCOL.SERVICE.NAMESPACE.svc, for SRV questions.
func (s *Server) port(namespace, name, port, protocol string) (entry, bool) {
	service, err := s.Services.Services(namespace).Get(name)
	if err != nil {
		return entry{}, false
	}
	full := name + "." + namespace + ".svc." + s.Domain
	var found entry
	if service.Spec.ClusterIP != v1.ClusterIPNone {
		for _, p := range service.Spec.Ports {
			if p.Name == port && strings.EqualFold(string(p.Protocol), protocol) {
				found.targets = append(found.targets, target{full, uint16(p.Port)})
			}
		}
		return found, len(found.targets) > 0
	}
	s.eachEndpoint(service, func(e *discoveryv1.Endpoint, slice *discoveryv1.EndpointSlice) {
		for _, p := range slice.Ports {
			if p.Name != nil && *p.Name == port && p.Port != nil && p.Protocol != nil &&
				strings.EqualFold(string(*p.Protocol), protocol) {
				found.targets = append(found.targets,
					target{endpointName(e) + "." + full, uint16(*p.Port)})
			}
		}
	})
	return found, len(found.targets) > 0
}

func (s *Server) eachEndpoint(service *v1.Service,
	f func(*discoveryv1.Endpoint, *discoveryv1.EndpointSlice)) {
	mine := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.Name})
	slices, err := s.Slices.EndpointSlices(service.Namespace).List(mine)
	if err != nil {
		klog.Errorf("DNS: %v", err)
		return
	}
	for _, slice := range slices {
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			ready := e.Conditions.Ready == nil || *e.Conditions.Ready
			if len(e.Addresses) > 0 && (ready || service.Spec.PublishNotReadyAddresses) {
				f(e, slice)
			}
		}
	}
}

// endpointName is the first label of a pod of a headless Service.
func endpointName(e *discoveryv1.Endpoint) string {
	if e.Hostname != nil && *e.Hostname != "" {
		return *e.Hostname
	}
	return strings.NewReplacer(".", "-", ":", "-").Replace(e.Addresses[0])
}

// extraNames is the harness's table, read again when the file changes.
type extraNames struct {
	mu       sync.Mutex
	modified time.Time
	size     int64
	names    map[string]string
}

func (x *extraNames) get(path, name string) (string, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if !info.ModTime().Equal(x.modified) || info.Size() != x.size {
		text, err := os.ReadFile(path)
		names := map[string]string{}
		if err == nil {
			err = json.Unmarshal(text, &names)
		}
		if err != nil {
			klog.Errorf("DNS: %s: %v", path, err)
			return "", false
		}
		x.modified, x.size, x.names = info.ModTime(), info.Size(), names
	}
	value, found := x.names[name]
	return value, found
}
