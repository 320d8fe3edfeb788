package bench

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"kiln.build/cluster/internal/install"
)

const startDeadline = 2 * time.Minute

// Operator is what the operator costs.
type Operator struct {
	// ImageCompressed and ImageUnpacked are the bytes of the layers as pulled and as they lie on the node.
	ImageCompressed int64 `json:"imageCompressedBytes"`
	ImageUnpacked   int64 `json:"imageUnpackedBytes"`
	// StartToReady is from the start of the process to the first good answer of /readyz, in milliseconds.
	StartToReady float64 `json:"startToReadyMilliseconds"`
	// IdleMemory is the resident set of the process, in bytes.
	IdleMemory int64   `json:"idleMemoryBytes"`
	IdleFor    float64 `json:"idleForSeconds"`
}

// operator replaces the running operator by a new one, and measures that.
func (b *Bench) operator(ctx context.Context, idle time.Duration) (Operator, error) {
	var o Operator
	var err error
	if o.ImageCompressed, o.ImageUnpacked, err = b.imageSize(ctx, b.OperatorImage); err != nil {
		return o, err
	}
	pod, err := b.restart(ctx)
	if err != nil {
		return o, err
	}
	ready, err := b.awaitReady(ctx, pod.Metadata.Name)
	if err != nil {
		return o, err
	}
	process, err := findProcess(pod.Metadata.UID)
	if err != nil {
		return o, err
	}
	o.StartToReady = milliseconds(ready.Sub(process.started))
	select {
	case <-ctx.Done():
		return o, ctx.Err()
	case <-time.After(idle):
	}
	o.IdleFor = idle.Seconds()
	o.IdleMemory, err = process.residentBytes()
	return o, err
}

// restart deletes the operator's pods and returns the new one, which may not run yet.
func (b *Bench) restart(ctx context.Context) (watched, error) {
	const selector = "app.kubernetes.io/component=operator"
	before, err := b.operatorPods(ctx, selector)
	if err != nil {
		return watched{}, err
	}
	if len(before) == 0 {
		return watched{}, fmt.Errorf("no pod with the label %s in namespace %s", selector, install.Namespace)
	}
	if _, err := b.Kubectl.Run(ctx, time.Minute, nil, "delete", "pods", "--namespace", install.Namespace, "--selector", selector); err != nil {
		return watched{}, err
	}
	old := map[string]bool{}
	for _, pod := range before {
		old[pod.Metadata.UID] = true
	}
	deadline := time.Now().Add(startDeadline)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		now, err := b.operatorPods(ctx, selector)
		if err != nil {
			return watched{}, err
		}
		for _, pod := range now {
			if !old[pod.Metadata.UID] {
				return pod, nil
			}
		}
	}
	return watched{}, fmt.Errorf("no new pod of the operator within %s", startDeadline)
}

func (b *Bench) operatorPods(ctx context.Context, selector string) ([]watched, error) {
	var list struct {
		Items []watched `json:"items"`
	}
	err := b.Kube.Get(ctx, "/api/v1/namespaces/"+install.Namespace+"/pods?labelSelector="+selector, &list)
	return list.Items, err
}

// awaitReady asks the pod itself, through the API server, until /readyz answers well. A probe of the kubelet would add its period.
func (b *Bench) awaitReady(ctx context.Context, pod string) (time.Time, error) {
	path := "/api/v1/namespaces/" + install.Namespace + "/pods/" + pod + ":8080/proxy/readyz"
	deadline := time.Now().Add(startDeadline)
	for {
		err := b.Kube.Get(ctx, path, nil)
		if err == nil {
			return time.Now(), nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return time.Time{}, fmt.Errorf("pod %s was not ready within %s: %w", pod, startDeadline, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

type manifest struct {
	Manifests []struct {
		Digest   string `json:"digest"`
		Platform struct {
			Architecture string `json:"architecture"`
		} `json:"platform"`
	} `json:"manifests"`
	Layers []struct {
		Digest string `json:"digest"`
		Size   int64  `json:"size"`
	} `json:"layers"`
}

// imageSize adds up the layers of an image in the cluster's registry.
func (b *Bench) imageSize(ctx context.Context, reference string) (compressed, unpacked int64, err error) {
	name, digest, _ := strings.Cut(strings.TrimPrefix(reference, b.Registry+"/"), "@")
	m, err := b.manifest(ctx, name, digest)
	if err != nil {
		return 0, 0, err
	}
	for _, child := range m.Manifests {
		if child.Platform.Architecture == "amd64" {
			if m, err = b.manifest(ctx, name, child.Digest); err != nil {
				return 0, 0, err
			}
			break
		}
	}
	for _, layer := range m.Layers {
		size, err := b.unpackedSize(ctx, name, layer.Digest)
		if err != nil {
			return 0, 0, err
		}
		compressed, unpacked = compressed+layer.Size, unpacked+size
	}
	return compressed, unpacked, nil
}

func (b *Bench) manifest(ctx context.Context, name, digest string) (manifest, error) {
	var m manifest
	body, err := b.fetch(ctx, name+"/manifests/"+digest)
	if err != nil {
		return m, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&m); err != nil {
		return m, fmt.Errorf("read manifest %s@%s: %w", name, digest, err)
	}
	return m, nil
}

func (b *Bench) unpackedSize(ctx context.Context, name, digest string) (int64, error) {
	body, err := b.fetch(ctx, name+"/blobs/"+digest)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	unzipped, err := gzip.NewReader(body)
	if err != nil {
		return 0, fmt.Errorf("unpack layer %s: %w", digest, err)
	}
	size, err := io.Copy(io.Discard, unzipped)
	if err != nil {
		return 0, fmt.Errorf("unpack layer %s: %w", digest, err)
	}
	return size, nil
}

func (b *Bench) fetch(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.Registry+"/v2/"+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json")
	client := http.Client{Timeout: time.Minute}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read %s from the registry: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("read %s from the registry: %s", path, response.Status)
	}
	return response.Body, nil
}
