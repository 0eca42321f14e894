// Package container holds what the kubelet tells nsrun about one container.
package container

// Spec describes a container process completely; it travels as JSON.
type Spec struct {
	Root         string            `json:"root"`     // an empty directory to mount the root on
	NetNS        string            `json:"netns"`    // file of the pod's network namespace
	Hostname     string            `json:"hostname"` // of the pod
	ReadOnlyRoot bool              `json:"readOnlyRoot"`
	Files        map[string]string `json:"files"`  // image: container path -> host path
	Mounts       []Mount           `json:"mounts"` // volumes
	Etc          map[string]string `json:"etc"`    // file name below /etc -> contents

	UID          int   `json:"uid"`
	GID          int   `json:"gid"`
	Groups       []int `json:"groups"`
	Capabilities []int `json:"capabilities"` // kept in the bounding set, and by uid 0
	NoNewPrivs   bool  `json:"noNewPrivs"`

	Dir  string   `json:"dir"`
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
}

// Mount is one bind mount of a file or directory of the host.
type Mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
}
