package main

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// cutConnections resets every established TCP connection from or to a local port, on both ends.
func cutConnections(port uint16) (int, error) {
	count := 0
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		sockets, err := netlink.SocketDiagTCP(family)
		if err != nil {
			return count, err
		}
		for _, s := range sockets {
			if s.State != netlink.TCP_ESTABLISHED ||
				(s.ID.SourcePort != port && s.ID.DestinationPort != port) {
				continue
			}
			switch err := destroy(s); {
			case err == nil:
				count++
			case errors.Is(err, unix.ENOENT): // the other end's reset was faster
			default:
				return count, fmt.Errorf("destroy %v: %w", s.ID, err)
			}
		}
	}
	return count, nil
}

// destroyRequest is inet_diag_req_v2 of linux/inet_diag.h.
type destroyRequest struct{ socket *netlink.Socket }

func (destroyRequest) Len() int { return 56 }

func (r destroyRequest) Serialize() []byte {
	id := r.socket.ID
	b := []byte{r.socket.Family, unix.IPPROTO_TCP, 0, 0}
	b = binary.NativeEndian.AppendUint32(b, 1<<netlink.TCP_ESTABLISHED)
	b = binary.BigEndian.AppendUint16(b, id.SourcePort)
	b = binary.BigEndian.AppendUint16(b, id.DestinationPort)
	for _, ip := range [][]byte{id.Source, id.Destination} {
		var room [16]byte
		if r.socket.Family == unix.AF_INET {
			ip = id4(ip)
		}
		copy(room[:], ip)
		b = append(b, room[:]...)
	}
	b = binary.NativeEndian.AppendUint32(b, id.Interface)
	b = binary.NativeEndian.AppendUint32(b, id.Cookie[0])
	return binary.NativeEndian.AppendUint32(b, id.Cookie[1])
}

func id4(ip []byte) []byte { return ip[len(ip)-4:] }

func destroy(s *netlink.Socket) error {
	request := nl.NewNetlinkRequest(nl.SOCK_DESTROY, unix.NLM_F_ACK)
	request.AddData(destroyRequest{s})
	_, err := request.Execute(unix.NETLINK_INET_DIAG, 0)
	return err
}
