package kubelet

import (
	"fmt"
	"sort"
	"strings"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	resourcehelper "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/pkg/kubelet/envvars"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"
)

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment of a container, in the order of precedence that Kubernetes has: image, Services,
// envFrom, env. Later ones win; env may refer to earlier ones.
func (w *worker) environment(pod *v1.Pod, c *v1.Container, image *Image) (map[string]string,
	error) {
	values := map[string]string{"PATH": defaultPath, "HOSTNAME": hostname(pod), "HOME": "/root"}
	if user, set := effectiveUser(pod, c); set && *user != 0 {
		values["HOME"] = "/"
	}
	for key, value := range image.Env {
		values[key] = value
	}
	services, err := w.serviceEnv(pod)
	if err != nil {
		return nil, err
	}
	for key, value := range services {
		values[key] = value
	}
	declared := map[string]string{} // what $(NAME) can see
	if err := w.envFrom(c, declared); err != nil {
		return nil, err
	}
	lookup := expansion.MappingFuncFor(declared, services)
	for i := range c.Env {
		e := &c.Env[i]
		value, found := expansion.Expand(e.Value, lookup), true
		if e.ValueFrom != nil {
			if value, found, err = w.valueFrom(pod, c, e.ValueFrom); err != nil {
				return nil, fmt.Errorf("env %s: %w", e.Name, err)
			}
		}
		if found {
			declared[e.Name] = value
		}
	}
	for key, value := range declared {
		values[key] = value
	}
	return values, nil
}

func (w *worker) serviceEnv(pod *v1.Pod) (map[string]string, error) {
	master, err := w.kubelet.services.Services(metav1Default).Get("kubernetes")
	if err != nil {
		return nil, err
	}
	list := []*v1.Service{}
	if ptr.Deref(pod.Spec.EnableServiceLinks, true) {
		all, err := w.kubelet.services.Services(pod.Namespace).List(everything)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			if s.Spec.ClusterIP != "" && s.Spec.ClusterIP != v1.ClusterIPNone {
				list = append(list, s)
			}
		}
	}
	values := map[string]string{}
	for _, e := range envvars.FromServices(append(list, master)) {
		values[e.Name] = e.Value
	}
	return values, nil
}

const metav1Default = "default"

func (w *worker) envFrom(c *v1.Container, out map[string]string) error {
	for _, from := range c.EnvFrom {
		data := map[string]string{}
		switch {
		case from.ConfigMapRef != nil:
			m, err := w.kubelet.configMaps.ConfigMaps(w.namespace).Get(from.ConfigMapRef.Name)
			if err := missingRef(err, from.ConfigMapRef.Optional); err != nil {
				return err
			}
			if m != nil {
				data = m.Data
			}
		case from.SecretRef != nil:
			s, err := w.kubelet.secrets.Secrets(w.namespace).Get(from.SecretRef.Name)
			if err := missingRef(err, from.SecretRef.Optional); err != nil {
				return err
			}
			if s != nil {
				for key, value := range s.Data {
					data[key] = string(value)
				}
			}
		}
		for key, value := range data {
			out[from.Prefix+key] = value
		}
	}
	return nil
}

func missingRef(err error, optional *bool) error {
	if err != nil && apierrors.IsNotFound(err) && ptr.Deref(optional, false) {
		return nil
	}
	return err
}

func (w *worker) valueFrom(pod *v1.Pod, c *v1.Container, from *v1.EnvVarSource) (string, bool,
	error) {
	switch {
	case from.FieldRef != nil:
		value, err := w.field(pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err := resourcehelper.ExtractContainerResourceValue(from.ResourceFieldRef, c)
		return value, true, err
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		s, err := w.kubelet.secrets.Secrets(w.namespace).Get(ref.Name)
		if err != nil {
			return "", false, missingRef(err, ref.Optional)
		}
		value, found := s.Data[ref.Key]
		if !found && !ptr.Deref(ref.Optional, false) {
			return "", false, fmt.Errorf("couldn't find key %s in Secret %s", ref.Key, ref.Name)
		}
		return string(value), found, nil
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		m, err := w.kubelet.configMaps.ConfigMaps(w.namespace).Get(ref.Name)
		if err != nil {
			return "", false, missingRef(err, ref.Optional)
		}
		value, found := m.Data[ref.Key]
		if !found && !ptr.Deref(ref.Optional, false) {
			return "", false, fmt.Errorf("couldn't find key %s in ConfigMap %s", ref.Key, ref.Name)
		}
		return value, found, nil
	}
	return "", false, fmt.Errorf("this source of a value is not supported")
}

// field is what the downward API gives for a path.
func (w *worker) field(pod *v1.Pod, path string) (string, error) {
	switch path {
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP":
		return nodeIPv4, nil
	case "status.hostIPs":
		return nodeIPv4 + "," + nodeIPv6, nil
	case "status.podIP":
		return w.network.ips[0], nil
	case "status.podIPs":
		return strings.Join(w.network.ips, ","), nil
	}
	return fieldpath.ExtractFieldPathAsString(pod, path)
}

func sortedEnv(values map[string]string) []string {
	list := make([]string, 0, len(values))
	for key, value := range values {
		list = append(list, key+"="+value)
	}
	sort.Strings(list)
	return list
}
