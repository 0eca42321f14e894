package kubelet

import (
	"context"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// workerSet has one worker per bound pod.
type workerSet struct {
	kubelet *Kubelet
	mu      sync.Mutex
	byUID   map[types.UID]*worker
}

func (s *workerSet) update(pod *v1.Pod, deleted bool) {
	s.mu.Lock()
	w := s.byUID[pod.UID]
	if w == nil && !deleted {
		w = newWorker(s.kubelet, pod)
		s.byUID[pod.UID] = w
		go func() {
			w.run()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.byUID, pod.UID)
		}()
	}
	s.mu.Unlock()
	if w != nil {
		w.update(pod, deleted)
	}
}

// wakeNamespace makes the pods of a namespace look at their Secrets and ConfigMaps again.
func (s *workerSet) wakeNamespace(namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.byUID {
		if w.namespace == namespace {
			w.volumes.stale.Store(true)
			w.signal()
		}
	}
}

func (s *workerSet) find(namespace, name string) *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.byUID {
		if w.namespace == namespace && w.name == name {
			return w
		}
	}
	return nil
}

// worker runs one pod. Its goroutine alone moves the pod forward; others change the fields below
// mu (new object, exits, probe results) and signal it.
type worker struct {
	kubelet         *Kubelet
	namespace, name string
	uid             types.UID
	wake            chan struct{}
	network         *podNetwork
	volumes         *volumes
	started         metav1.Time
	sent            v1.PodStatus // what the API server has
	blocked         string       // why no container can start yet
	containers      []*process
	killed          context.Context // cancelled: no more grace
	kill            context.CancelFunc

	mu       sync.Mutex
	pod      *v1.Pod
	gone     bool // the object does not exist any more
	stopping bool
	stopped  bool // by stop: every process has ended
}

func newWorker(k *Kubelet, pod *v1.Pod) *worker {
	w := &worker{kubelet: k, namespace: pod.Namespace, name: pod.Name, uid: pod.UID, pod: pod,
		wake: make(chan struct{}, 1), started: metav1.Now()}
	w.killed, w.kill = context.WithCancel(context.Background())
	w.volumes = newVolumes(w)
	for i := range pod.Spec.InitContainers {
		w.containers = append(w.containers, newProcess(w, &pod.Spec.InitContainers[i], true))
	}
	for i := range pod.Spec.Containers {
		w.containers = append(w.containers, newProcess(w, &pod.Spec.Containers[i], false))
	}
	return w
}

func (w *worker) update(pod *v1.Pod, deleted bool) {
	w.mu.Lock()
	w.pod = pod
	w.gone = w.gone || deleted
	w.mu.Unlock()
	w.signal()
}

// signal never blocks: one pending wake-up covers everything that happened before it.
func (w *worker) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) current() (*v1.Pod, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pod, w.gone
}

func (w *worker) run() {
	defer w.cleanUp()
	timer := time.NewTimer(0)
	for {
		select {
		case <-w.wake:
		case <-timer.C:
		}
		again, done := w.sync()
		if done {
			return
		}
		timer.Reset(again)
	}
}

func (w *worker) cleanUp() {
	w.kill()
	w.waitEnded()
	if w.network != nil {
		w.kubelet.network.remove(w.network)
	}
	w.volumes.remove()
}

// sync moves the pod one step towards its object and says when to look again at the latest.
func (w *worker) sync() (again time.Duration, done bool) {
	pod, gone := w.current()
	switch {
	case gone:
		return 0, true
	case pod.DeletionTimestamp != nil:
		return w.syncStopping(pod)
	}
	if terminal(pod.Status.Phase) && w.network == nil {
		return retryEvery, false // ended before this process knew it
	}
	again = w.syncRunning(pod)
	if err := w.writeStatus(pod); err != nil {
		klog.Errorf("status of %s/%s: %v", w.namespace, w.name, err)
		return retryEvery, false
	}
	return again, false
}

func terminal(phase v1.PodPhase) bool {
	return phase == v1.PodSucceeded || phase == v1.PodFailed
}

func (w *worker) syncRunning(pod *v1.Pod) time.Duration {
	block := func(reason string, err error) time.Duration {
		if w.blocked != err.Error() {
			w.blocked = err.Error()
			w.event(v1.EventTypeWarning, reason, "%v", err)
		}
		return retryEvery
	}
	if w.network == nil {
		if err := w.makeNetwork(pod); err != nil {
			return block("FailedCreatePodSandBox", err)
		}
	}
	if err := w.volumes.refresh(pod); err != nil {
		return block("FailedMount", err)
	}
	w.blocked = ""
	again := w.volumes.nextRefresh()
	for _, p := range w.startable(pod) {
		again = min(again, p.start(pod))
	}
	return again
}

func (w *worker) makeNetwork(pod *v1.Pod) (err error) {
	if pod.Spec.HostNetwork {
		w.network = w.kubelet.network.hostNetwork()
		return nil
	}
	sysctls := map[string]string{}
	if pod.Spec.SecurityContext != nil {
		for _, s := range pod.Spec.SecurityContext.Sysctls {
			sysctls[s.Name] = s.Value
		}
	}
	w.network, err = w.kubelet.network.add(string(w.uid), sysctls)
	return err
}

// startable lists the containers whose turn it is: init containers one after the other (the
// restartable ones stay beside what follows them), then all others.
func (w *worker) startable(pod *v1.Pod) []*process {
	var list []*process
	for _, p := range w.containers {
		state := p.snapshot()
		if state.shouldStart(pod) {
			list = append(list, p)
		}
		if p.init && !state.initDone() {
			break
		}
	}
	return list
}

// syncStopping ends the processes in the order Kubernetes promises and then the object.
func (w *worker) syncStopping(pod *v1.Pod) (time.Duration, bool) {
	w.mu.Lock()
	if !w.stopping {
		w.stopping = true
		grace := ptr.Deref(pod.DeletionGracePeriodSeconds, 30)
		go w.stop(time.Duration(grace) * time.Second)
	}
	stopped := w.stopped
	w.mu.Unlock()
	if w.network != nil { // else it never ran, or is an ended pod that a finalizer keeps
		if err := w.writeStatus(pod); err != nil && !apierrors.IsNotFound(err) {
			klog.Errorf("status of %s/%s: %v", w.namespace, w.name, err)
		}
	}
	if !stopped {
		return retryEvery, false
	}
	err := w.kubelet.client.CoreV1().Pods(w.namespace).Delete(context.Background(), w.name,
		metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0),
			Preconditions: &metav1.Preconditions{UID: &w.uid}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		klog.Errorf("delete %s/%s: %v", w.namespace, w.name, err)
		return retryEvery, false
	}
	// A finalizer may keep the object; nothing is left to do for it here.
	return 0, true
}

// stop ends the containers within the grace period: all ordinary ones at once, then the
// restartable init containers in reverse order.
func (w *worker) stop(grace time.Duration) {
	deadline, cancel := context.WithTimeout(w.killed, grace)
	defer cancel()
	var group sync.WaitGroup
	for _, p := range w.containers {
		if !p.sidecar() {
			group.Go(func() { p.stop(deadline) })
		}
	}
	group.Wait()
	for i := len(w.containers) - 1; i >= 0; i-- {
		w.containers[i].stop(deadline)
	}
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.signal()
}

func (w *worker) waitEnded() {
	for _, p := range w.containers {
		p.killNow()
	}
}

func (w *worker) event(kind, reason, format string, args ...any) {
	pod, _ := w.current()
	w.kubelet.recorder.Eventf(pod, kind, reason, format, args...)
}
