// Package dns is the cluster's name server: Services, headless Services and pods by the rules of
// Kubernetes, and a table of extra names that the harness writes.
package dns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/klog/v2"
)

const (
	ttlSeconds   = 1 // tests change Services and expect to see it
	maxUDPBytes  = 512
	maxTCPIdle   = 10 * time.Second
	maxNameChase = 8 // CNAMEs of one answer
)

// Server answers from the informers' caches.
type Server struct {
	Services  corelisters.ServiceLister
	Slices    discoverylisters.EndpointSliceLister
	Pods      corelisters.PodLister
	NamesFile string // JSON: name -> IP, "NAMESPACE/SERVICE", or another name
	Address   string
	Domain    string

	extra extraNames
}

// Start binds both sockets and serves in the background.
func (s *Server) Start() error {
	packets, err := net.ListenPacket("udp", s.Address)
	if err != nil {
		return fmt.Errorf("DNS: %w", err)
	}
	listener, err := net.Listen("tcp", s.Address)
	if err != nil {
		return fmt.Errorf("DNS: %w", err)
	}
	go s.serveUDP(packets)
	go s.serveTCP(listener)
	return nil
}

func (s *Server) serveUDP(packets net.PacketConn) {
	buffer := make([]byte, 64<<10)
	for {
		size, client, err := packets.ReadFrom(buffer)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // an ICMP error of an earlier answer
		}
		if answer := s.answer(buffer[:size], maxUDPBytes); answer != nil {
			_, _ = packets.WriteTo(answer, client)
		}
	}
}

func (s *Server) serveTCP(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			klog.Errorf("DNS: %v", err)
			return
		}
		go s.serveStream(client)
	}
}

func (s *Server) serveStream(client net.Conn) {
	defer client.Close()
	for {
		if err := client.SetDeadline(time.Now().Add(maxTCPIdle)); err != nil {
			return
		}
		var size [2]byte
		if _, err := io.ReadFull(client, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(client, query); err != nil {
			return
		}
		answer := s.answer(query, 0xffff)
		if answer == nil {
			return
		}
		answer = append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

// answer builds the reply to one message; nil drops it.
func (s *Server) answer(query []byte, limit int) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil || header.Response {
		return nil
	}
	reply := dnsmessage.Message{Header: dnsmessage.Header{ID: header.ID, Response: true,
		OpCode: header.OpCode, Authoritative: true, RecursionDesired: header.RecursionDesired,
		RecursionAvailable: true}}
	question, err := parser.Question()
	switch {
	case err != nil:
		reply.RCode = dnsmessage.RCodeFormatError
	case header.OpCode != 0:
		reply.RCode = dnsmessage.RCodeNotImplemented
	default:
		reply.Questions = []dnsmessage.Question{question}
		s.fill(&reply, question)
		limit = max(limit, payloadSize(&parser, &reply, limit))
	}
	packed, err := reply.Pack()
	if err == nil && len(packed) > limit {
		reply.Answers, reply.Authorities, reply.Truncated = nil, nil, true
		packed, err = reply.Pack()
	}
	if err != nil {
		klog.Errorf("DNS answer: %v", err)
		return nil
	}
	return packed
}

// payloadSize reads the client's EDNS record and adds ours to the reply.
func payloadSize(parser *dnsmessage.Parser, reply *dnsmessage.Message, limit int) int {
	if parser.SkipAllQuestions() != nil || parser.SkipAllAnswers() != nil ||
		parser.SkipAllAuthorities() != nil {
		return limit
	}
	for {
		header, err := parser.AdditionalHeader()
		if err != nil {
			return limit
		}
		if header.Type != dnsmessage.TypeOPT {
			if parser.SkipAdditional() != nil {
				return limit
			}
			continue
		}
		size := int(header.Class)
		var own dnsmessage.ResourceHeader
		if err := own.SetEDNS0(4096, dnsmessage.RCodeSuccess, false); err == nil {
			reply.Additionals = append(reply.Additionals,
				dnsmessage.Resource{Header: own, Body: &dnsmessage.OPTResource{}})
		}
		return size
	}
}

// fill resolves one question, following CNAMEs of ours.
func (s *Server) fill(reply *dnsmessage.Message, question dnsmessage.Question) {
	name := strings.ToLower(question.Name.String())
	for range maxNameChase {
		found, known := s.lookup(strings.TrimSuffix(name, "."))
		if !known {
			if len(reply.Answers) == 0 {
				reply.RCode = dnsmessage.RCodeNameError
			}
			break
		}
		owner, err := dnsmessage.NewName(name)
		if err != nil {
			reply.RCode = dnsmessage.RCodeServerFailure
			return
		}
		if found.alias == "" {
			s.addRecords(reply, owner, question.Type, found)
			break
		}
		target, err := dnsmessage.NewName(found.alias + ".")
		if err != nil {
			reply.RCode = dnsmessage.RCodeServerFailure
			return
		}
		reply.Answers = append(reply.Answers, dnsmessage.Resource{
			Header: recordHeader(owner, dnsmessage.TypeCNAME),
			Body:   &dnsmessage.CNAMEResource{CNAME: target}})
		name = found.alias + "."
	}
	if len(reply.Answers) == 0 {
		s.addAuthority(reply)
	}
}

func recordHeader(owner dnsmessage.Name, kind dnsmessage.Type) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: owner, Type: kind, Class: dnsmessage.ClassINET,
		TTL: ttlSeconds}
}

func (s *Server) addRecords(reply *dnsmessage.Message, owner dnsmessage.Name,
	kind dnsmessage.Type, found entry) {
	add := func(kind dnsmessage.Type, body dnsmessage.ResourceBody) {
		reply.Answers = append(reply.Answers,
			dnsmessage.Resource{Header: recordHeader(owner, kind), Body: body})
	}
	for _, text := range found.addresses {
		address, err := netip.ParseAddr(text)
		switch {
		case err != nil:
			klog.Errorf("DNS: %s has the address %q", owner, text)
		case address.Is4() && (kind == dnsmessage.TypeA || kind == dnsmessage.TypeALL):
			add(dnsmessage.TypeA, &dnsmessage.AResource{A: address.As4()})
		case address.Is6() && (kind == dnsmessage.TypeAAAA || kind == dnsmessage.TypeALL):
			add(dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: address.As16()})
		}
	}
	if kind != dnsmessage.TypeSRV {
		return
	}
	for _, target := range found.targets {
		name, err := dnsmessage.NewName(target.name + ".")
		if err == nil {
			add(dnsmessage.TypeSRV, &dnsmessage.SRVResource{Weight: 100, Port: target.port,
				Target: name})
		}
	}
}

// addAuthority says for how long a negative answer may be kept.
func (s *Server) addAuthority(reply *dnsmessage.Message) {
	zone, err := dnsmessage.NewName(s.Domain + ".")
	if err != nil {
		return
	}
	reply.Authorities = append(reply.Authorities, dnsmessage.Resource{
		Header: recordHeader(zone, dnsmessage.TypeSOA),
		Body: &dnsmessage.SOAResource{NS: zone, MBox: zone, Serial: 1, Refresh: 60, Retry: 10,
			Expire: 60, MinTTL: ttlSeconds}})
}
