package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1 "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

const notReadyTaint = "node.kubernetes.io/not-ready"

// registerNodes creates the Node objects, all of them with this process's address.
func (k *Kubelet) registerNodes(ctx context.Context) error {
	for _, name := range k.config.Nodes {
		if err := k.registerNode(ctx, name); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	return nil
}

func (k *Kubelet) registerNode(ctx context.Context, name string) error {
	nodes := k.client.CoreV1().Nodes()
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		v1.LabelHostname: name, v1.LabelOSStable: "linux", v1.LabelArchStable: runtime.GOARCH}}}
	if _, err := nodes.Create(ctx, node, metav1.CreateOptions{}); err != nil &&
		!apierrors.IsAlreadyExists(err) {
		return err
	}
	patch, err := json.Marshal(map[string]any{"status": nodeStatus()})
	if err != nil {
		return err
	}
	_, err = nodes.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func nodeStatus() v1.NodeStatus {
	room := v1.ResourceList{
		v1.ResourceCPU: resource.MustParse("64"), v1.ResourceMemory: resource.MustParse("256Gi"),
		v1.ResourceEphemeralStorage: resource.MustParse("256Gi"),
		v1.ResourcePods:             resource.MustParse("500")}
	now := metav1.Now()
	return v1.NodeStatus{
		Capacity: room, Allocatable: room,
		Conditions: []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue,
			Reason: "KubeletReady", LastHeartbeatTime: now, LastTransitionTime: now}},
		Addresses: []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: nodeIPv4},
			{Type: v1.NodeInternalIP, Address: nodeIPv6}},
		DaemonEndpoints: v1.NodeDaemonEndpoints{
			KubeletEndpoint: v1.DaemonEndpoint{Port: kubeletPort}},
		NodeInfo: v1.NodeSystemInfo{OperatingSystem: "linux", Architecture: runtime.GOARCH,
			ContainerRuntimeVersion: "process://1", KubeletVersion: "v1.36.4"},
	}
}

// watchNodes takes off the taint that admission puts on every new node: the controller that would
// do it does not run, because it also evicts from nodes without heartbeats.
func (k *Kubelet) watchNodes(ctx context.Context) {
	react(k.factory.Core().V1().Nodes().Informer(), func(node *v1.Node, deleted bool) {
		kept := []v1.Taint{}
		for _, taint := range node.Spec.Taints {
			if taint.Key != notReadyTaint {
				kept = append(kept, taint)
			}
		}
		if deleted || len(kept) == len(node.Spec.Taints) || !k.isOurs(node.Name) {
			k.bindPending()
			return
		}
		node = node.DeepCopy()
		node.Spec.Taints = kept
		go func() {
			_, err := k.client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
			if err != nil && !apierrors.IsConflict(err) {
				klog.Errorf("taints of %s: %v", node.Name, err)
			}
		}()
	})
}

// bindPending tries the pods again that fitted no node before.
func (k *Kubelet) bindPending() {
	pods, err := k.pods.List(everything)
	if err != nil {
		return
	}
	for _, pod := range pods {
		if pod.Spec.NodeName == "" {
			go k.bind(pod)
		}
	}
}

// bind plays the scheduler: node affinity, node selector and taints count; of the nodes that fit
// the one with the fewest pods is taken. Pod affinity, spread and resources are not looked at.
func (k *Kubelet) bind(pod *v1.Pod) {
	if pod.Spec.SchedulerName != v1.DefaultSchedulerName || len(pod.Spec.SchedulingGates) > 0 ||
		pod.DeletionTimestamp != nil {
		return
	}
	ctx := context.Background()
	k.binding.Lock() // one after the other, so that each choice sees the last
	node, err := k.chooseNode(pod)
	k.assigned[pod.UID] = node
	k.binding.Unlock()
	if err != nil {
		k.recorder.Event(pod, v1.EventTypeWarning, "FailedScheduling", err.Error())
		k.setUnschedulable(ctx, pod, err.Error())
		return
	}
	for {
		err = k.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &v1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
			Target:     v1.ObjectReference{Kind: "Node", Name: node},
		}, metav1.CreateOptions{})
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			break
		}
		klog.Errorf("bind %s/%s: %v", pod.Namespace, pod.Name, err)
		time.Sleep(retryEvery)
	}
	if err == nil {
		k.recorder.Eventf(pod, v1.EventTypeNormal, "Scheduled",
			"Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, node)
	}
}

func (k *Kubelet) chooseNode(pod *v1.Pod) (string, error) {
	count, err := k.podsPerNode()
	if err != nil {
		return "", err
	}
	affinity := nodeaffinity.GetRequiredNodeAffinity(pod)
	best := ""
	for _, name := range k.config.Nodes {
		node, err := k.nodes.Get(name)
		if err != nil || node.Spec.Unschedulable {
			continue
		}
		blocking := func(t *v1.Taint) bool {
			return t.Effect != v1.TaintEffectPreferNoSchedule && t.Key != notReadyTaint
		}
		_, tainted := corev1.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints,
			pod.Spec.Tolerations, blocking, true)
		fits, err := affinity.Match(node)
		if err != nil || !fits || tainted {
			continue
		}
		if best == "" || count[name] < count[best] {
			best = name
		}
	}
	if best == "" {
		return "", fmt.Errorf("0/%d nodes are available", len(k.config.Nodes))
	}
	return best, nil
}

// podsPerNode counts the bound pods, those included whose binding the cache does not show yet.
func (k *Kubelet) podsPerNode() (map[string]int, error) {
	pods, err := k.pods.List(everything)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	assigned := map[types.UID]string{}
	for _, p := range pods {
		node := p.Spec.NodeName
		if node == "" && k.assigned[p.UID] != "" {
			node = k.assigned[p.UID]
			assigned[p.UID] = node
		}
		count[node]++
	}
	k.assigned = assigned // forgets what is bound or gone
	return count, nil
}

func (k *Kubelet) setUnschedulable(ctx context.Context, pod *v1.Pod, message string) {
	for _, c := range pod.Status.Conditions {
		if c.Type == v1.PodScheduled && c.Status == v1.ConditionFalse && c.Message == message {
			return
		}
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"conditions": []v1.PodCondition{{Type: v1.PodScheduled, Status: v1.ConditionFalse,
			Reason: v1.PodReasonUnschedulable, Message: message,
			LastTransitionTime: metav1.Now()}}}})
	if err == nil {
		_, err = k.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name,
			types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	}
	if err != nil && !apierrors.IsNotFound(err) {
		klog.Errorf("status of %s/%s: %v", pod.Namespace, pod.Name, err)
	}
}
