// Package kubelet is the process kubelet: it plays scheduler, node, container runtime and cloud
// load balancer for a control plane that runs in one network namespace. A container is a real
// process with its own mount and pid namespaces; a pod has its own network namespace.
package kubelet

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// Config is the file that the harness writes.
type Config struct {
	Kubeconfig string   `json:"kubeconfig"`
	RunDir     string   `json:"runDir"` // pods, logs, pids and netns live below it
	Nsrun      string   `json:"nsrun"`  // the helper program
	Nodes      []string `json:"nodes"`  // node names; all of them are this process
	ImagesFile string   `json:"imagesFile"`
	NamesFile  string   `json:"namesFile"` // extra DNS names
	PKI        string   `json:"pki"`

	RestartBackoffMillis    int `json:"restartBackoffMillis"`    // after the first restart
	RestartBackoffMaxMillis int `json:"restartBackoffMaxMillis"` // it doubles up to this
}

// Image says what stands for a container image: the host's /usr and the files given here.
type Image struct {
	// Path is a program of the host; it appears as /usr/local/bin/NAME and is the default entry
	// point.
	Path       string            `json:"path"`
	Entrypoint []string          `json:"entrypoint"`
	Args       []string          `json:"args"`
	Env        map[string]string `json:"env"`
	User       string            `json:"user"` // "UID" or "UID:GID"; default root
	Dir        string            `json:"dir"`
	Files      map[string]string `json:"files"`    // container path -> host path, read-only
	Writable   map[string]string `json:"writable"` // container path -> host path
}

func readConfig(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &Config{RestartBackoffMillis: 500, RestartBackoffMaxMillis: 10000}
	if err := yaml.UnmarshalStrict(text, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// findImage reads the image map anew each time, so that a test can change it, and matches by
// repository name: registry, leading path segments, tag and digest do not count.
func (c *Config) findImage(reference string) (*Image, error) {
	text, err := os.ReadFile(c.ImagesFile)
	if err != nil {
		return nil, err
	}
	images := map[string]*Image{}
	if err := yaml.UnmarshalStrict(text, &images); err != nil {
		return nil, fmt.Errorf("%s: %w", c.ImagesFile, err)
	}
	repository := repositoryOf(reference)
	best := ""
	for name := range images {
		if (repository == name || strings.HasSuffix(repository, "/"+name)) && len(name) > len(best) {
			best = name
		}
	}
	if best == "" {
		return nil, fmt.Errorf("no entry of the image map matches %q", reference)
	}
	image := images[best]
	if image.Path != "" {
		name := "/usr/local/bin/" + image.Path[strings.LastIndex(image.Path, "/")+1:]
		if image.Files == nil {
			image.Files = map[string]string{}
		}
		image.Files[name] = image.Path
		if len(image.Entrypoint) == 0 {
			image.Entrypoint = []string{name}
		}
	}
	for _, host := range image.Files {
		if _, err := os.Stat(host); err != nil {
			return nil, fmt.Errorf("image %s: %w", best, err)
		}
	}
	return image, nil
}

// repositoryOf cuts digest and tag from an image reference.
func repositoryOf(reference string) string {
	repository, _, _ := strings.Cut(reference, "@")
	if colon := strings.LastIndex(repository, ":"); colon > strings.LastIndex(repository, "/") {
		repository = repository[:colon]
	}
	return repository
}
