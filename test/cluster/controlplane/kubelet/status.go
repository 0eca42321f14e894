package kubelet

import (
	"context"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
)

// ourConditions are written here; all others on a pod belong to somebody else and are kept.
var ourConditions = []v1.PodConditionType{v1.PodScheduled, v1.PodReadyToStartContainers,
	v1.PodInitialized, v1.ContainersReady, v1.PodReady}

// writeStatus brings the API server's picture of the pod up to date.
func (w *worker) writeStatus(pod *v1.Pod) error {
	pods := w.kubelet.client.CoreV1().Pods(w.namespace)
	for {
		status := w.status(pod)
		if equality.Semantic.DeepEqual(status, pod.Status) ||
			equality.Semantic.DeepEqual(status, w.sent) {
			return nil
		}
		changed := pod.DeepCopy()
		changed.Status = status
		_, err := pods.UpdateStatus(context.Background(), changed, metav1.UpdateOptions{})
		if err == nil {
			w.sent = status
			return nil
		}
		if !apierrors.IsConflict(err) {
			return err
		}
		if pod, err = pods.Get(context.Background(), w.name, metav1.GetOptions{}); err != nil {
			return err
		}
		if pod.UID != w.uid {
			return nil
		}
	}
}

func (w *worker) status(pod *v1.Pod) v1.PodStatus {
	s := *pod.Status.DeepCopy()
	s.ObservedGeneration = pod.Generation
	s.HostIP = nodeIPv4
	s.HostIPs = []v1.HostIP{{IP: nodeIPv4}, {IP: nodeIPv6}}
	s.StartTime = &w.started
	s.QOSClass = qos.GetPodQOS(pod)
	if w.network != nil {
		s.PodIP, s.PodIPs = w.network.ips[0], nil
		for _, ip := range w.network.ips {
			s.PodIPs = append(s.PodIPs, v1.PodIP{IP: ip})
		}
	}
	s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	for _, p := range w.containers {
		one := p.status(w.blocked)
		if p.init {
			s.InitContainerStatuses = append(s.InitContainerStatuses, one)
		} else {
			s.ContainerStatuses = append(s.ContainerStatuses, one)
		}
	}
	s.Phase = w.phase(pod)
	w.setConditions(pod, &s)
	return s
}

func (p *process) status(blocked string) v1.ContainerStatus {
	state := p.snapshot()
	one := v1.ContainerStatus{Name: p.spec.Name, Image: p.spec.Image,
		ImageID: repositoryOf(p.spec.Image) + "@process", ContainerID: state.id,
		RestartCount: state.restarts, Ready: state.ready}
	started := state.running != nil && state.started
	one.Started = &started
	switch {
	case state.running != nil:
		one.State.Running = state.running
	case state.waiting != nil:
		one.State.Waiting = state.waiting.DeepCopy()
		if blocked != "" && one.State.Waiting.Message == "" {
			one.State.Waiting.Message = blocked
		}
	default:
		one.State.Terminated = state.exited
	}
	if state.last != nil && state.last != one.State.Terminated {
		one.LastTerminationState.Terminated = state.last
	}
	if p.init && !restartable(p.spec) {
		one.Ready = state.exited != nil && state.exited.ExitCode == 0
	}
	return one
}

func (w *worker) phase(pod *v1.Pod) v1.PodPhase {
	if terminal(pod.Status.Phase) {
		return pod.Status.Phase
	}
	w.mu.Lock()
	stopped := w.stopped
	w.mu.Unlock()
	pending, running, failed := false, false, false
	for _, p := range w.containers {
		state := p.snapshot()
		if p.init {
			initFailed := state.exited != nil && state.exited.ExitCode != 0 && !state.shouldStart(pod)
			if initFailed && !p.sidecar() {
				return v1.PodFailed
			}
			pending = pending || !state.initDone() && !p.sidecar()
			continue
		}
		if state.running == nil && state.last == nil {
			pending = true
		}
		if state.running != nil || !stopped && state.shouldStart(pod) {
			running = true
		} else if state.exited != nil && state.exited.ExitCode != 0 {
			failed = true
		}
	}
	switch {
	case pending && stopped:
		return v1.PodFailed
	case pending:
		return v1.PodPending
	case running:
		return v1.PodRunning
	case failed:
		return v1.PodFailed
	}
	return v1.PodSucceeded
}

func (w *worker) setConditions(pod *v1.Pod, s *v1.PodStatus) {
	initialized, ready := true, true
	for i := range s.InitContainerStatuses {
		one := &s.InitContainerStatuses[i]
		done := one.Ready || one.State.Running != nil && *one.Started
		initialized = initialized && done
		ready = ready && one.Ready
	}
	for i := range s.ContainerStatuses {
		ready = ready && s.ContainerStatuses[i].Ready
	}
	gates := true
	for _, gate := range pod.Spec.ReadinessGates {
		gates = gates && conditionIs(s.Conditions, gate.ConditionType)
	}
	values := map[v1.PodConditionType]bool{
		v1.PodScheduled: true, v1.PodReadyToStartContainers: w.network != nil,
		v1.PodInitialized: initialized, v1.ContainersReady: ready, v1.PodReady: ready && gates}
	reasons := map[v1.PodConditionType]string{
		v1.PodInitialized: "ContainersNotInitialized", v1.ContainersReady: "ContainersNotReady",
		v1.PodReady: "ContainersNotReady"}
	if ready && !gates {
		reasons[v1.PodReady] = "ReadinessGatesNotReady"
	}
	if terminal(s.Phase) {
		for _, kind := range []v1.PodConditionType{v1.ContainersReady, v1.PodReady} {
			values[kind] = false
			reasons[kind] = "PodCompleted"
		}
	}
	for _, kind := range ourConditions {
		reason := reasons[kind]
		if values[kind] {
			reason = ""
		}
		setCondition(s, kind, values[kind], reason, pod.Generation)
	}
}

func conditionIs(list []v1.PodCondition, kind v1.PodConditionType) bool {
	for _, c := range list {
		if c.Type == kind {
			return c.Status == v1.ConditionTrue
		}
	}
	return false
}

func setCondition(s *v1.PodStatus, kind v1.PodConditionType, value bool, reason string,
	generation int64) {
	status := v1.ConditionFalse
	if value {
		status = v1.ConditionTrue
	}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if c.Type != kind {
			continue
		}
		if c.Status != status {
			c.LastTransitionTime = metav1.Now()
		}
		c.Status, c.Reason, c.ObservedGeneration = status, reason, generation
		return
	}
	s.Conditions = append(s.Conditions, v1.PodCondition{Type: kind, Status: status, Reason: reason,
		ObservedGeneration: generation, LastTransitionTime: metav1.Now()})
}
