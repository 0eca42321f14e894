package kubelet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/probe"
	grpcprobe "k8s.io/kubernetes/pkg/probe/grpc"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
)

// eagerEvery is how often a container that has not passed its startup or readiness probe yet is
// asked, where the real kubelet waits a whole period: tests need not wait for it.
const eagerEvery = 100 * time.Millisecond

type probeKind string

const (
	startup   probeKind = "Startup"
	readiness probeKind = "Readiness"
	liveness  probeKind = "Liveness"
)

// startProbes runs the probes of one start of a container until the context ends.
func (p *process) startProbes(ctx context.Context, pod *v1.Pod, one *instance) {
	for kind, spec := range map[probeKind]*v1.Probe{startup: p.spec.StartupProbe,
		readiness: p.spec.ReadinessProbe, liveness: p.spec.LivenessProbe} {
		if spec != nil {
			go p.probe(ctx, pod, one, kind, spec)
		}
	}
}

// probe counts as the real kubelet does: at most one failure per period, thresholds in a row.
func (p *process) probe(ctx context.Context, pod *v1.Pod, one *instance, kind probeKind,
	spec *v1.Probe) {
	period := time.Duration(max(spec.PeriodSeconds, 1)) * time.Second
	pause(ctx, time.Duration(spec.InitialDelaySeconds)*time.Second)
	successes, failures := int32(0), int32(0)
	lastCounted := time.Now()
	for ctx.Err() == nil {
		state := p.snapshot()
		if kind != startup && !state.started {
			pause(ctx, eagerEvery)
			lastCounted = time.Now()
			continue
		}
		began := time.Now()
		err := p.probeOnce(ctx, one, spec)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			successes, failures = successes+1, 0
			if successes >= max(spec.SuccessThreshold, 1) && p.passed(kind) {
				return
			}
		} else if eager := kind != liveness && !state.ready; eager &&
			time.Since(lastCounted) < period {
			successes = 0
		} else {
			successes, failures = 0, failures+1
			lastCounted = time.Now()
			p.worker.event(v1.EventTypeWarning, "Unhealthy", "%s probe failed: %v", kind, err)
			if failures >= max(spec.FailureThreshold, 1) && p.failed(pod, one, kind, spec) {
				return
			}
		}
		wait := period
		if kind != liveness && !p.snapshot().ready && (err != nil || kind == startup) {
			wait = min(period, eagerEvery)
		}
		pause(ctx, wait-time.Since(began))
	}
}

func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// passed says whether the probe has done its work.
func (p *process) passed(kind probeKind) bool {
	p.mu.Lock()
	before := p.state
	switch kind {
	case startup:
		p.state.started = true
		p.state.ready = p.spec.ReadinessProbe == nil
	case readiness:
		p.state.ready = p.state.running != nil
	}
	changed := before.ready != p.state.ready || before.started != p.state.started
	p.mu.Unlock()
	if changed {
		p.worker.signal()
	}
	return kind == startup
}

func (p *process) failed(pod *v1.Pod, one *instance, kind probeKind, spec *v1.Probe) bool {
	if kind == readiness {
		p.mu.Lock()
		changed := p.state.ready
		p.state.ready = false
		p.mu.Unlock()
		if changed {
			p.worker.signal()
		}
		return false
	}
	p.worker.event(v1.EventTypeNormal, "Killing", "Container %s failed %s probe, will be restarted",
		p.spec.Name, kind)
	grace := int64(30)
	if pod.Spec.TerminationGracePeriodSeconds != nil {
		grace = *pod.Spec.TerminationGracePeriodSeconds
	}
	if spec.TerminationGracePeriodSeconds != nil {
		grace = *spec.TerminationGracePeriodSeconds
	}
	go func() {
		deadline, cancel := context.WithTimeout(p.worker.killed, time.Duration(grace)*time.Second)
		defer cancel()
		p.stopInstance(deadline, one)
	}()
	return true
}

func (p *process) probeOnce(ctx context.Context, one *instance, spec *v1.Probe) error {
	timeout := time.Duration(max(spec.TimeoutSeconds, 1)) * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.act(ctx, one, &spec.ProbeHandler, timeout)
}

// act performs the action of a probe.
func (p *process) act(ctx context.Context, one *instance, h *v1.ProbeHandler,
	timeout time.Duration) error {
	ip := p.worker.network.ips[0]
	var result probe.Result
	var output string
	var err error
	switch {
	case h.HTTPGet != nil:
		request, e := httpprobe.NewRequestForHTTPGetAction(h.HTTPGet, p.spec, ip, "probe")
		if e != nil {
			return e
		}
		result, output, err = httpprobe.New(false).Probe(request.WithContext(ctx), timeout)
	case h.TCPSocket != nil:
		port, e := probe.ResolveContainerPort(h.TCPSocket.Port, p.spec)
		if e != nil {
			return e
		}
		result, output, err = tcpprobe.New().Probe(hostOr(h.TCPSocket.Host, ip), port, timeout)
	case h.GRPC != nil:
		service := ""
		if h.GRPC.Service != nil {
			service = *h.GRPC.Service
		}
		result, output, err = grpcprobe.New().Probe(ip, service, int(h.GRPC.Port), timeout)
	case h.Exec != nil:
		return p.execQuietly(ctx, one, h.Exec.Command)
	default:
		return errors.New("this kind of probe is not supported")
	}
	if err != nil {
		return err
	}
	if result != probe.Success && result != probe.Warning {
		return errors.New(output)
	}
	return nil
}

func hostOr(host, ip string) string {
	if host != "" {
		return host
	}
	return ip
}

// runHook performs a lifecycle action.
func (p *process) runHook(ctx context.Context, one *instance, hook *v1.LifecycleHandler) error {
	switch {
	case hook.Exec != nil:
		return p.execQuietly(ctx, one, hook.Exec.Command)
	case hook.Sleep != nil:
		wait, cancel := context.WithTimeout(ctx, time.Duration(hook.Sleep.Seconds)*time.Second)
		defer cancel()
		select {
		case <-wait.Done():
		case <-one.ended:
		}
		return nil
	case hook.HTTPGet != nil:
		request, err := httpprobe.NewRequestForHTTPGetAction(hook.HTTPGet, p.spec,
			p.worker.network.ips[0], "lifecycle")
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request.WithContext(ctx))
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}
	return errors.New("this kind of lifecycle hook is not supported")
}

func (p *process) execQuietly(ctx context.Context, one *instance, argv []string) error {
	var output bytes.Buffer
	err := p.exec(ctx, one, argv, nil, &output, &output)
	if err != nil {
		tail := output.Bytes()
		return fmt.Errorf("%w: %s", err, tail[max(0, len(tail)-1024):])
	}
	return nil
}

// exec runs one more command in the container, as the container's user.
func (p *process) exec(ctx context.Context, one *instance, argv []string, in io.Reader,
	out, errors io.Writer) error {
	cmd, feed, err := p.execCommand(ctx, one, argv)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errors
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		feed.Close()
		return err
	}
	feed.Close()
	return cmd.Wait()
}

// execCommand prepares nsrun exec; the file must be closed once the command has started.
func (p *process) execCommand(ctx context.Context, one *instance, argv []string) (*exec.Cmd,
	*os.File, error) {
	spec := *one.spec
	spec.Argv = argv
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.CreateTemp(p.dir(), "exec-*.json")
	if err != nil {
		return nil, nil, err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(text); err != nil {
		return nil, nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, p.worker.kubelet.config.Nsrun, "exec", strconv.Itoa(one.pid))
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, file, nil
}
