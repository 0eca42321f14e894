package kubelet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	authv1 "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	resourcehelper "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"
	"k8s.io/utils/ptr"
)

// volumes are a pod's directories. Secrets, ConfigMaps, tokens and the downward API are written by
// the writer of the real kubelet: a change swaps one symbolic link, so a reader sees the old files
// or the new ones.
type volumes struct {
	worker *worker
	dir    string
	paths  map[string]string // volume name -> host path
	stale  atomic.Bool       // a Secret or ConfigMap of the namespace changed
	tokens map[string]*token // by volume/path
	labels string            // of the pod when the downward API was written
}

// token is one projected service-account token.
type token struct {
	value   []byte
	renewAt time.Time
}

func newVolumes(w *worker) *volumes {
	dir := filepath.Join(w.kubelet.config.RunDir, "pods", string(w.uid))
	return &volumes{worker: w, dir: dir, tokens: map[string]*token{}}
}

func (v *volumes) remove() { _ = os.RemoveAll(v.dir) }

// refresh makes all volumes at first and rewrites those whose sources changed later. An error
// means that the pod cannot start yet; a running pod keeps what it has.
func (v *volumes) refresh(pod *v1.Pod) error {
	first := v.paths == nil
	labels := fieldpath.FormatMap(pod.Labels) + "\n" + fieldpath.FormatMap(pod.Annotations)
	if !first && !v.stale.Swap(false) && labels == v.labels && v.nextRefresh() > 0 {
		return nil
	}
	v.stale.Store(false)
	paths := map[string]string{}
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		path, err := v.prepare(pod, volume)
		if err != nil {
			err = fmt.Errorf("volume %q: %w", volume.Name, err)
			if first {
				return err
			}
			v.worker.event(v1.EventTypeWarning, "FailedMount", "%v", err)
			continue
		}
		paths[volume.Name] = path
	}
	if first {
		v.paths = paths
	}
	v.labels = labels
	return nil
}

// nextRefresh says when a token is due.
func (v *volumes) nextRefresh() time.Duration {
	next := time.Hour
	for _, t := range v.tokens {
		next = min(next, time.Until(t.renewAt))
	}
	return max(next, 0)
}

func (v *volumes) prepare(pod *v1.Pod, volume *v1.Volume) (string, error) {
	path := filepath.Join(v.dir, "volumes", volume.Name)
	if volume.HostPath != nil {
		return v.hostPath(volume.HostPath)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	group := podGroup(pod)
	if volume.EmptyDir != nil && v.paths != nil {
		return path, nil
	}
	if volume.EmptyDir != nil {
		if err := os.Chmod(path, 0o777); err != nil || group == nil {
			return path, err
		}
		if err := os.Chown(path, -1, int(*group)); err != nil {
			return "", err
		}
		return path, os.Chmod(path, 0o777|os.ModeSetgid)
	}
	payload := map[string]volumeutil.FileProjection{}
	if err := v.collect(pod, volume, payload); err != nil {
		return "", err
	}
	writer, err := volumeutil.NewAtomicWriter(path, v.worker.name)
	if err != nil {
		return "", err
	}
	own := func(sub string) error { return ownTree(filepath.Join(path, sub), group) }
	return path, writer.Write(payload, own)
}

func podGroup(pod *v1.Pod) *int64 {
	if pod.Spec.SecurityContext == nil {
		return nil
	}
	return pod.Spec.SecurityContext.FSGroup
}

// ownTree gives the pod's group read access, as the real kubelet does where fsGroup is set.
func ownTree(root string, group *int64) error {
	if group == nil {
		return nil
	}
	return filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.Mode()&os.ModeSymlink != 0 {
			return err
		}
		if err := os.Chown(path, -1, int(*group)); err != nil {
			return err
		}
		mode := info.Mode() | 0o440
		if info.IsDir() {
			mode |= 0o110 | os.ModeSetgid
		}
		return os.Chmod(path, mode)
	})
}

func (v *volumes) hostPath(source *v1.HostPathVolumeSource) (string, error) {
	kind := ptr.Deref(source.Type, v1.HostPathUnset)
	info, err := os.Stat(source.Path)
	switch {
	case kind == v1.HostPathDirectoryOrCreate:
		return source.Path, os.MkdirAll(source.Path, 0o755)
	case err != nil:
		return "", err
	case kind == v1.HostPathDirectory && !info.IsDir(), kind == v1.HostPathFile && info.IsDir():
		return "", fmt.Errorf("%s is not of type %s", source.Path, kind)
	}
	return source.Path, nil
}

func (v *volumes) collect(pod *v1.Pod, volume *v1.Volume,
	out map[string]volumeutil.FileProjection) error {
	const usual = v1.SecretVolumeSourceDefaultMode // the same 0644 for all kinds
	switch {
	case volume.Secret != nil:
		s := volume.Secret
		return v.secret(s.SecretName, s.Items, ptr.Deref(s.DefaultMode, usual),
			ptr.Deref(s.Optional, false), out)
	case volume.ConfigMap != nil:
		m := volume.ConfigMap
		return v.configMap(m.Name, m.Items, ptr.Deref(m.DefaultMode, usual),
			ptr.Deref(m.Optional, false), out)
	case volume.DownwardAPI != nil:
		d := volume.DownwardAPI
		return v.downward(pod, d.Items, ptr.Deref(d.DefaultMode, usual), out)
	case volume.Projected != nil:
		mode := ptr.Deref(volume.Projected.DefaultMode, usual)
		for i := range volume.Projected.Sources {
			source := &volume.Projected.Sources[i]
			if err := v.projection(pod, volume.Name, source, mode, out); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("this kind of volume is not supported")
}

func (v *volumes) projection(pod *v1.Pod, volume string, source *v1.VolumeProjection, mode int32,
	out map[string]volumeutil.FileProjection) error {
	switch {
	case source.Secret != nil:
		return v.secret(source.Secret.Name, source.Secret.Items, mode,
			ptr.Deref(source.Secret.Optional, false), out)
	case source.ConfigMap != nil:
		return v.configMap(source.ConfigMap.Name, source.ConfigMap.Items, mode,
			ptr.Deref(source.ConfigMap.Optional, false), out)
	case source.DownwardAPI != nil:
		return v.downward(pod, source.DownwardAPI.Items, mode, out)
	case source.ServiceAccountToken != nil:
		return v.token(pod, volume, source.ServiceAccountToken, mode, out)
	}
	return fmt.Errorf("this kind of projection is not supported")
}

func (v *volumes) secret(name string, items []v1.KeyToPath, mode int32, optional bool,
	out map[string]volumeutil.FileProjection) error {
	secret, err := v.worker.kubelet.secrets.Secrets(v.worker.namespace).Get(name)
	if err != nil {
		return missing(err, optional)
	}
	return project("secret "+name, secret.Data, items, mode, optional, out)
}

func (v *volumes) configMap(name string, items []v1.KeyToPath, mode int32, optional bool,
	out map[string]volumeutil.FileProjection) error {
	m, err := v.worker.kubelet.configMaps.ConfigMaps(v.worker.namespace).Get(name)
	if err != nil {
		return missing(err, optional)
	}
	data := map[string][]byte{}
	for key, value := range m.Data {
		data[key] = []byte(value)
	}
	for key, value := range m.BinaryData {
		data[key] = value
	}
	return project("configmap "+name, data, items, mode, optional, out)
}

func missing(err error, optional bool) error {
	if optional && apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func project(what string, data map[string][]byte, items []v1.KeyToPath, mode int32, optional bool,
	out map[string]volumeutil.FileProjection) error {
	if len(items) == 0 {
		for key, value := range data {
			out[key] = volumeutil.FileProjection{Data: value, Mode: mode}
		}
		return nil
	}
	for _, item := range items {
		value, found := data[item.Key]
		if !found {
			if optional {
				continue
			}
			return fmt.Errorf("%s has no key %q", what, item.Key)
		}
		out[item.Path] = volumeutil.FileProjection{Data: value, Mode: ptr.Deref(item.Mode, mode)}
	}
	return nil
}

func (v *volumes) downward(pod *v1.Pod, items []v1.DownwardAPIVolumeFile, mode int32,
	out map[string]volumeutil.FileProjection) error {
	for _, item := range items {
		var value string
		var err error
		switch {
		case item.FieldRef != nil:
			value, err = v.worker.field(pod, item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			value, err = resourcehelper.ExtractResourceValueByContainerName(
				item.ResourceFieldRef, pod, item.ResourceFieldRef.ContainerName)
		}
		if err != nil {
			return err
		}
		out[item.Path] = volumeutil.FileProjection{Data: []byte(value),
			Mode: ptr.Deref(item.Mode, mode)}
	}
	return nil
}

// token asks the API server for a token bound to the pod, and again after four fifths of its life.
func (v *volumes) token(pod *v1.Pod, volume string, source *v1.ServiceAccountTokenProjection,
	mode int32, out map[string]volumeutil.FileProjection) error {
	key := volume + "/" + source.Path
	t := v.tokens[key]
	if t == nil || time.Now().After(t.renewAt) {
		fresh, err := v.requestToken(pod, source)
		switch {
		case err == nil:
			t = fresh
			v.tokens[key] = t
		case t == nil:
			return err
		default: // the old one is good for another fifth of its life
			t.renewAt = time.Now().Add(retryEvery)
			v.worker.event(v1.EventTypeWarning, "FailedMount", "%v", err)
		}
	}
	file := volumeutil.FileProjection{Data: t.value, Mode: mode}
	if user := commonUser(pod); user != nil && podGroup(pod) == nil {
		file.FsUser, file.Mode = user, 0o600
	}
	out[source.Path] = file
	return nil
}

func (v *volumes) requestToken(pod *v1.Pod, source *v1.ServiceAccountTokenProjection) (*token,
	error) {
	request := &authv1.TokenRequest{Spec: authv1.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef: &authv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod",
			Name: pod.Name, UID: pod.UID},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	accounts := v.worker.kubelet.client.CoreV1().ServiceAccounts(pod.Namespace)
	answer, err := accounts.CreateToken(context.Background(), pod.Spec.ServiceAccountName, request,
		metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of service account %s: %w", pod.Spec.ServiceAccountName, err)
	}
	// The API server may answer with a much longer life than was asked for; the asked one counts.
	life := time.Duration(ptr.Deref(source.ExpirationSeconds, 3600)) * time.Second
	return &token{value: []byte(answer.Status.Token), renewAt: time.Now().Add(life * 4 / 5)}, nil
}

// commonUser is the user that all containers run as, if there is one: only it may read the token.
func commonUser(pod *v1.Pod) *int64 {
	var user *int64
	for _, list := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			own, set := effectiveUser(pod, &list[i])
			if !set || (user != nil && *user != *own) {
				return nil
			}
			user = own
		}
	}
	return user
}
