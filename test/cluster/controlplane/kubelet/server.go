package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/klog/v2"
	utilexec "k8s.io/utils/exec"
)

const (
	streamIdle   = 4 * time.Hour
	streamCreate = 30 * time.Second
)

// serve starts the kubelet API, which the API server calls for logs, exec and port-forward. It
// shows its client certificate; nobody else gets in.
func (k *Kubelet) serve() error {
	ca, err := os.ReadFile(filepath.Join(k.config.PKI, "ca.crt"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	certificate, err := tls.LoadX509KeyPair(filepath.Join(k.config.PKI, "kubelet-server.crt"),
		filepath.Join(k.config.PKI, "kubelet-server.key"))
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.serveLogs)
	routes.HandleFunc("/exec/{namespace}/{pod}/{container}", k.serveExec)
	routes.HandleFunc("/portForward/{namespace}/{pod}", k.servePortForward)
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the process kubelet does not serve "+r.URL.Path, http.StatusNotImplemented)
	})
	listener, err := tls.Listen("tcp", fmt.Sprintf(":%d", kubeletPort), &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientCAs: clients,
		ClientAuth: tls.RequireAndVerifyClientCert})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: streamCreate}
	go func() { klog.Errorf("kubelet API: %v", server.Serve(listener)) }()
	return nil
}

func (k *Kubelet) findProcess(r *http.Request) (*process, error) {
	w := k.workers.find(r.PathValue("namespace"), r.PathValue("pod"))
	if w == nil {
		return nil, fmt.Errorf("pod %s does not run here", r.PathValue("pod"))
	}
	for _, p := range w.containers {
		if name := r.PathValue("container"); name == "" || name == p.spec.Name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("container %s not found", r.PathValue("container"))
}

func (k *Kubelet) serveExec(w http.ResponseWriter, r *http.Request) {
	p, err := k.findProcess(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, executor{p}, p.worker.name, string(p.worker.uid), p.spec.Name,
		r.URL.Query()["command"], options, streamIdle, streamCreate,
		remotecommand.SupportedStreamingProtocols)
}

// executor runs the command of one exec request.
type executor struct{ process *process }

func (e executor) ExecInContainer(ctx context.Context, _, _, _ string, argv []string,
	in io.Reader, out, errs io.WriteCloser, tty bool, sizes <-chan remotecommand.TerminalSize,
	_ time.Duration) error {
	one := e.process.running()
	if one == nil {
		return errors.New("the container is not running")
	}
	var err error
	if tty {
		err = e.process.execTerminal(ctx, one, argv, in, out, sizes)
	} else {
		err = e.process.exec(ctx, one, argv, in, out, errs)
	}
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return err
}

func (k *Kubelet) servePortForward(w http.ResponseWriter, r *http.Request) {
	p, err := k.findProcess(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if p.running() == nil {
		http.Error(w, "the container is not running", http.StatusConflict)
		return
	}
	portforward.ServePortForward(w, r, forwarder{p.worker}, p.worker.name, string(p.worker.uid),
		options, streamIdle, streamCreate, portforward.SupportedProtocols)
}

// forwarder connects one stream with a port of the pod. It dials the pod's address, so a program
// that listens on the pod's loopback alone is not reached.
type forwarder struct{ worker *worker }

func (f forwarder) PortForward(ctx context.Context, _, _ string, port int32,
	stream io.ReadWriteCloser) error {
	defer stream.Close()
	address := net.JoinHostPort(f.worker.network.ips[0], strconv.Itoa(int(port)))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, stream)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, conn)
	return err
}
