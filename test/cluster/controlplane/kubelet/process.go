package kubelet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"tollgate.dev/test/cluster/controlplane/container"
)

// A container that ran this long starts again without a delay.
const backoffReset = 10 * time.Minute

// process is one container of a pod, over all its restarts.
type process struct {
	worker *worker
	spec   *v1.Container
	init   bool

	mu          sync.Mutex
	state       processState
	instance    *instance // the running one
	nextStart   time.Time // restart back-off
	backoff     time.Duration
	attempt     int32 // starts so far
	probeCancel context.CancelFunc
}

// instance is one start of a container.
type instance struct {
	pid       int
	spec      *container.Spec
	log       *logFile
	startedAt metav1.Time
	ended     chan struct{}
}

// processState is what the status shows of a container.
type processState struct {
	spec     *v1.Container
	init     bool
	waiting  *v1.ContainerStateWaiting
	running  *v1.ContainerStateRunning
	exited   *v1.ContainerStateTerminated
	last     *v1.ContainerStateTerminated
	restarts int32
	id       string
	started  bool // startup probe passed (or there is none)
	ready    bool // readiness probe passes (or there is none)
}

func newProcess(w *worker, spec *v1.Container, init bool) *process {
	reason := "ContainerCreating"
	if len(w.pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	return &process{worker: w, spec: spec, init: init, state: processState{spec: spec, init: init,
		waiting: &v1.ContainerStateWaiting{Reason: reason}}}
}

func restartable(spec *v1.Container) bool {
	return spec.RestartPolicy != nil && *spec.RestartPolicy == v1.ContainerRestartPolicyAlways
}

func (p *process) sidecar() bool { return p.init && restartable(p.spec) }

func (p *process) snapshot() processState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// initDone: what follows this init container may start.
func (s *processState) initDone() bool {
	if restartable(s.spec) {
		return s.running != nil && s.started
	}
	return s.exited != nil && s.exited.ExitCode == 0
}

func (s *processState) shouldStart(pod *v1.Pod) bool {
	if s.running != nil {
		return false
	}
	if s.exited == nil {
		return true
	}
	switch {
	case s.init && restartable(s.spec):
		return true
	case s.init && s.exited.ExitCode == 0:
		return false
	case pod.Spec.RestartPolicy == v1.RestartPolicyNever:
		return false
	case pod.Spec.RestartPolicy == v1.RestartPolicyOnFailure || s.init:
		return s.exited.ExitCode != 0
	}
	return true
}

// start runs the container if its back-off is over; it says when to come back.
func (p *process) start(pod *v1.Pod) time.Duration {
	p.mu.Lock()
	wait := time.Until(p.nextStart)
	p.mu.Unlock()
	if wait > 0 {
		return wait
	}
	spec, reason, err := p.worker.containerSpec(pod, p.spec)
	if err != nil {
		p.setWaiting(reason, err)
		return retryEvery
	}
	p.mu.Lock()
	p.state.restarts = p.attempt
	p.attempt++
	p.mu.Unlock()
	if err := p.launch(pod, spec); err != nil {
		p.exit(nil, &v1.ContainerStateTerminated{ExitCode: 128, Reason: "StartError",
			Message: err.Error(), FinishedAt: metav1.Now()})
		return 0
	}
	return time.Hour
}

func (p *process) setWaiting(reason string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.waiting == nil || p.state.waiting.Message != err.Error() {
		p.worker.event(v1.EventTypeWarning, reason, "%v", err)
	}
	p.state.waiting = &v1.ContainerStateWaiting{Reason: reason, Message: err.Error()}
}

func (p *process) dir() string {
	return filepath.Join(p.worker.volumes.dir, "containers", p.spec.Name)
}

// launch starts nsrun as the container and waits until it has become the program, or says why not.
func (p *process) launch(pod *v1.Pod, spec *container.Spec) error {
	log, err := p.worker.openLog(p.spec.Name, int(p.snapshot().restarts))
	if err != nil {
		return err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	specIn, specOut, err := os.Pipe()
	if err != nil {
		return err
	}
	errorIn, errorOut, err := os.Pipe()
	if err != nil {
		return err
	}
	defer errorIn.Close()
	cmd := exec.Command(p.worker.kubelet.config.Nsrun, "container")
	cmd.ExtraFiles = []*os.File{specIn, errorOut}
	cmd.Stdout, cmd.Stderr = log.stream("stdout"), log.stream("stderr")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_NEWNS |
		unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC}
	started := metav1.Now()
	err = cmd.Start()
	specIn.Close()
	errorOut.Close()
	if err == nil {
		_, err = specOut.Write(text)
	}
	specOut.Close()
	if err != nil {
		return err
	}
	failure, _ := io.ReadAll(errorIn)
	if len(failure) > 0 {
		_ = cmd.Wait()
		log.end()
		return fmt.Errorf("%s", bytes.TrimSpace(failure))
	}
	one := &instance{pid: cmd.Process.Pid, spec: spec, log: log, startedAt: started,
		ended: make(chan struct{})}
	p.begin(pod, one)
	go p.await(cmd, one)
	return nil
}

func (p *process) begin(pod *v1.Pod, one *instance) {
	w := p.worker
	w.event(v1.EventTypeNormal, "Started", "Container %s started", p.spec.Name)
	if err := os.WriteFile(p.pidFile(), []byte(strconv.Itoa(one.pid)), 0o644); err != nil {
		w.event(v1.EventTypeWarning, "PidFile", "%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	p.instance, p.probeCancel = one, cancel
	p.state.id = fmt.Sprintf("process://%s/%s/%d", w.uid, p.spec.Name, p.state.restarts)
	p.state.running = &v1.ContainerStateRunning{StartedAt: one.startedAt}
	p.state.waiting, p.state.exited = nil, nil
	p.state.started = p.spec.StartupProbe == nil
	p.state.ready = p.spec.ReadinessProbe == nil && p.state.started
	p.mu.Unlock()
	p.startProbes(ctx, pod, one)
	if hook := p.spec.Lifecycle; hook != nil && hook.PostStart != nil {
		go func() {
			if err := p.runHook(ctx, one, hook.PostStart); err != nil {
				w.event(v1.EventTypeWarning, "FailedPostStartHook", "%v", err)
				p.signal(one, syscall.SIGKILL)
			}
		}()
	}
	w.signal()
}

func (p *process) pidFile() string {
	name := fmt.Sprintf("%s_%s_%s", p.worker.namespace, p.worker.name, p.spec.Name)
	return filepath.Join(p.worker.kubelet.config.RunDir, "pids", name)
}

func (p *process) await(cmd *exec.Cmd, one *instance) {
	_ = cmd.Wait() // the state says more than the error
	one.log.end()
	end := &v1.ContainerStateTerminated{StartedAt: one.startedAt, FinishedAt: metav1.Now(),
		Reason: "Completed", ContainerID: p.snapshot().id}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	end.ExitCode = int32(status.ExitStatus())
	if status.Signaled() {
		end.ExitCode = 128 + int32(status.Signal())
	}
	if end.ExitCode != 0 {
		end.Reason = "Error"
	}
	end.Message = p.terminationMessage(one, end.ExitCode != 0)
	p.exit(one, end)
}

// exit records the end of one start, successful or not, and sets the back-off of the next: none
// for the first restart, then doubling.
func (p *process) exit(one *instance, end *v1.ContainerStateTerminated) {
	config := p.worker.kubelet.config
	_ = os.Remove(p.pidFile())
	p.mu.Lock()
	defer p.worker.signal()
	defer p.mu.Unlock()
	if p.probeCancel != nil {
		p.probeCancel()
	}
	p.state.running, p.state.ready, p.state.started, p.instance = nil, false, false, nil
	p.state.last, p.state.exited, p.state.waiting = end, end, nil
	if one != nil {
		close(one.ended)
		if time.Since(one.startedAt.Time) > backoffReset {
			p.backoff = 0
		}
	}
	pod, gone := p.worker.current()
	if gone || pod.DeletionTimestamp != nil || !p.state.shouldStart(pod) {
		return
	}
	p.nextStart = time.Now().Add(p.backoff)
	if p.backoff > 0 {
		p.state.waiting = &v1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: fmt.Sprintf(
			"back-off %v restarting failed container=%s", p.backoff, p.spec.Name)}
		p.worker.kubelet.recorder.Event(pod, v1.EventTypeWarning, "BackOff",
			p.state.waiting.Message)
	}
	p.backoff = min(max(2*p.backoff, time.Duration(config.RestartBackoffMillis)*time.Millisecond),
		time.Duration(config.RestartBackoffMaxMillis)*time.Millisecond)
}

func (p *process) running() *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.instance
}

// signal reaches the container's process 1 only as long as it is this start's.
func (p *process) signal(one *instance, s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.instance == one {
		_ = syscall.Kill(one.pid, s)
	}
}

// stop runs the preStop hook, asks the process to end and kills it when the deadline passes.
func (p *process) stop(deadline context.Context) {
	one := p.running()
	if one == nil {
		return
	}
	p.worker.event(v1.EventTypeNormal, "Killing", "Stopping container %s", p.spec.Name)
	p.stopInstance(deadline, one)
}

func (p *process) stopInstance(deadline context.Context, one *instance) {
	if hook := p.spec.Lifecycle; hook != nil && hook.PreStop != nil {
		if err := p.runHook(deadline, one, hook.PreStop); err != nil {
			p.worker.event(v1.EventTypeWarning, "FailedPreStopHook", "%v", err)
		}
	}
	p.signal(one, stopSignal(p.spec))
	select {
	case <-one.ended:
		return
	case <-deadline.Done():
	}
	p.signal(one, syscall.SIGKILL)
	<-one.ended
}

func stopSignal(spec *v1.Container) syscall.Signal {
	if spec.Lifecycle != nil && spec.Lifecycle.StopSignal != nil {
		if s := unix.SignalNum(string(*spec.Lifecycle.StopSignal)); s != 0 {
			return s
		}
	}
	return syscall.SIGTERM
}

func (p *process) killNow() {
	if one := p.running(); one != nil {
		p.signal(one, syscall.SIGKILL)
		<-one.ended
	}
}
