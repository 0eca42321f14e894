package kubelet

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedv1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"

	"tollgate.dev/test/cluster/controlplane/dns"
)

// Kubelet holds what all pods share.
type Kubelet struct {
	config     *Config
	client     kubernetes.Interface
	recorder   record.EventRecorder
	pods       corelisters.PodLister
	nodes      corelisters.NodeLister
	services   corelisters.ServiceLister
	slices     discoverylisters.EndpointSliceLister
	secrets    corelisters.SecretLister
	configMaps corelisters.ConfigMapLister
	network    *network
	workers    *workerSet
	synced     []cache.InformerSynced
	factory    informers.SharedInformerFactory

	binding  sync.Mutex
	assigned map[types.UID]string // chosen nodes of pods that are being bound
}

// Main runs until SIGTERM; the argument is the configuration file.
func Main(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: controlplane kubelet CONFIG-FILE")
		return 2
	}
	if err := run(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "kubelet:", err)
		return 1
	}
	return 0
}

func run(path string) error {
	config, err := readConfig(path)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	k, err := newKubelet(config)
	if err != nil {
		return err
	}
	if err := k.serve(); err != nil {
		return err
	}
	if err := k.registerNodes(ctx); err != nil {
		return err
	}
	k.watchPods()
	k.watchServices(ctx)
	k.watchNodes(ctx)
	k.factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), k.synced...) {
		return ctx.Err()
	}
	names := &dns.Server{Services: k.services, Slices: k.slices, Pods: k.pods,
		NamesFile: config.NamesFile, Address: clusterDNS + ":53", Domain: clusterDomain}
	if err := names.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func newKubelet(config *Config) (*Kubelet, error) {
	rest, err := clientcmd.BuildConfigFromFlags("", config.Kubeconfig)
	if err != nil {
		return nil, err
	}
	rest.QPS = -1 // no limit: the tests' speed is this program's
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, err
	}
	events := record.NewBroadcaster()
	events.StartRecordingToSink(&typedv1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	factory := informers.NewSharedInformerFactory(client, 0)
	core := factory.Core().V1()
	k := &Kubelet{
		config: config, client: client, factory: factory,
		recorder: events.NewRecorder(scheme.Scheme, v1.EventSource{Component: "kubelet"}),
		pods:     core.Pods().Lister(), nodes: core.Nodes().Lister(),
		services: core.Services().Lister(), secrets: core.Secrets().Lister(),
		configMaps: core.ConfigMaps().Lister(),
		slices:     factory.Discovery().V1().EndpointSlices().Lister(),
		network:    newNetwork(config.RunDir),
		assigned:   map[types.UID]string{},
	}
	k.workers = &workerSet{kubelet: k, byUID: map[types.UID]*worker{}}
	for _, informer := range []cache.SharedIndexInformer{
		core.Pods().Informer(), core.Nodes().Informer(), core.Services().Informer(),
		core.Secrets().Informer(), core.ConfigMaps().Informer(),
		factory.Discovery().V1().EndpointSlices().Informer(),
	} {
		k.synced = append(k.synced, informer.HasSynced)
	}
	return k, nil
}

// watchPods binds new pods and hands bound ones to their workers; a change of a Secret or ConfigMap
// wakes the pods of its namespace.
func (k *Kubelet) watchPods() {
	core := k.factory.Core().V1()
	react(core.Pods().Informer(), func(pod *v1.Pod, deleted bool) {
		switch {
		case pod.Spec.NodeName == "" && !deleted:
			go k.bind(pod)
		case k.isOurs(pod.Spec.NodeName):
			k.workers.update(pod, deleted)
		}
	})
	react(core.Secrets().Informer(), func(s *v1.Secret, _ bool) {
		k.workers.wakeNamespace(s.Namespace)
	})
	react(core.ConfigMaps().Informer(), func(m *v1.ConfigMap, _ bool) {
		k.workers.wakeNamespace(m.Namespace)
	})
}

// react calls f with every new state of an informer's objects.
func react[T any](informer cache.SharedIndexInformer, f func(object *T, deleted bool)) {
	call := func(object any, deleted bool) {
		if last, is := object.(cache.DeletedFinalStateUnknown); is {
			object = last.Obj
		}
		if typed, is := object.(*T); is {
			f(typed, deleted)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { call(object, false) },
		UpdateFunc: func(_, object any) { call(object, false) },
		DeleteFunc: func(object any) { call(object, true) },
	})
	if err != nil {
		panic(err) // only for an informer that was stopped, and none is
	}
}

func (k *Kubelet) isOurs(node string) bool {
	for _, name := range k.config.Nodes {
		if name == node {
			return true
		}
	}
	return false
}

// retryEvery is how long a failed step (API server away, object missing) waits for its next try.
const retryEvery = time.Second
