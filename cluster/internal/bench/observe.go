package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"kiln.build/cluster/internal/kubectl"
)

// event is a change of an object, with the time at which it was seen here.
type event struct {
	seen   time.Time
	object watched
}

// watched is what is read of ImageBuilds and pods alike.
type watched struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name   string            `json:"name"`
		UID    string            `json:"uid"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Status struct {
		Run struct {
			Number int `json:"number"`
		} `json:"run"`
		Platforms []struct {
			Platform     string `json:"platform"`
			Acceleration *struct {
				NativeStarts int `json:"nativeStarts"`
			} `json:"acceleration"`
		} `json:"platforms"`
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"conditions"`
		Image             string            `json:"image"`
		Phase             string            `json:"phase"`
		ContainerStatuses []containerStatus `json:"containerStatuses"`
	} `json:"status"`
}

type containerStatus struct {
	Name  string `json:"name"`
	State struct {
		Terminated *struct {
			Message string `json:"message"`
		} `json:"terminated"`
	} `json:"state"`
}

// workerResult is the part of a worker's result that tells when things happened, in milliseconds since the epoch.
type workerResult struct {
	Result  string `json:"result"`
	Timings struct {
		Started     int64 `json:"started"`
		DaemonReady int64 `json:"daemonReady"`
		Finished    int64 `json:"finished"`
	} `json:"timings"`
}

// watch sends the changes of one kind of object in a namespace until ctx ends.
func watch(ctx context.Context, client kubectl.Client, namespace, kind string, events chan<- event) error {
	return client.Stream(ctx, func(output io.Reader) error {
		decoder := json.NewDecoder(output)
		for {
			var change struct {
				Object watched `json:"object"`
			}
			if err := decoder.Decode(&change); errors.Is(err, io.EOF) {
				return fmt.Errorf("the watch on %s ended", kind)
			} else if err != nil {
				return fmt.Errorf("read the watch on %s: %w", kind, err)
			}
			select {
			case events <- event{seen: time.Now(), object: change.Object}:
			case <-ctx.Done():
				return nil
			}
		}
	}, "get", kind, "--namespace", namespace, "--output=json", "--watch", "--output-watch-events")
}

// observation gathers the moments of one run of a build from events.
type observation struct {
	name      string
	run       int
	platforms int
	moments   Moments
	image     string
	// native are the programs that acceleration started natively, of all platforms.
	native  int
	failure string
	pods    map[string]*podSeen
}

type podSeen struct {
	workerEnded bool
	ended       bool
}

func newObservation(name string, run, platforms int) *observation {
	return &observation{name: name, run: run, platforms: platforms, pods: map[string]*podSeen{}}
}

// add takes one event into account and tells whether the build has ended.
func (o *observation) add(e event) (bool, error) {
	switch {
	case e.object.Kind == "ImageBuild" && e.object.Metadata.Name == o.name:
		o.addBuild(e)
	case e.object.Kind == "Pod" && e.object.Metadata.Labels["kiln.build/imagebuild"] == o.name && e.object.Metadata.Labels["kiln.build/run"] == strconv.Itoa(o.run):
		if err := o.addPod(e); err != nil {
			return false, err
		}
	}
	return o.ended(), nil
}

func (o *observation) addBuild(e event) {
	if o.moments.Created.IsZero() {
		o.moments.Created = e.seen
	}
	if number := e.object.Status.Run.Number; number < o.run && number > 0 {
		return // Of the run before.
	}
	for _, condition := range e.object.Status.Conditions {
		switch {
		case condition.Type == "Ready" && condition.Status == "True" && o.moments.ReadySeen.IsZero():
			o.moments.ReadySeen, o.image = e.seen, e.object.Status.Image
			for _, platform := range e.object.Status.Platforms {
				if platform.Acceleration != nil {
					o.native += platform.Acceleration.NativeStarts
				}
			}
		case condition.Type == "Stalled" && condition.Status == "True":
			o.failure = condition.Reason + ": " + condition.Message
		}
	}
}

func (o *observation) addPod(e event) error {
	name := e.object.Metadata.Name
	pod := o.pods[name]
	if pod == nil {
		pod = &podSeen{}
		o.pods[name] = pod
		if len(o.pods) == o.platforms {
			o.moments.PodsCreated = e.seen
		}
	}
	if phase := e.object.Status.Phase; !pod.ended && (phase == "Succeeded" || phase == "Failed") {
		pod.ended = true
		later(&o.moments.PodsEnded, e.seen)
	}
	index := slices.IndexFunc(e.object.Status.ContainerStatuses, func(c containerStatus) bool {
		return c.Name == "worker" && c.State.Terminated != nil
	})
	if index < 0 || pod.workerEnded {
		return nil
	}
	pod.workerEnded = true
	return o.addResult(e, e.object.Status.ContainerStatuses[index].State.Terminated.Message)
}

func (o *observation) addResult(e event, message string) error {
	var result workerResult
	if err := json.Unmarshal([]byte(message), &result); err != nil {
		return fmt.Errorf("read the result of pod %s (%q): %w", e.object.Metadata.Name, message, err)
	}
	later(&o.moments.WorkerStarted, time.UnixMilli(result.Timings.Started))
	later(&o.moments.DaemonReady, time.UnixMilli(result.Timings.DaemonReady))
	later(&o.moments.Pushed, time.UnixMilli(result.Timings.Finished))
	later(&o.moments.WorkersEnded, e.seen)
	return nil
}

// ended tells whether nothing more is to come. The events of the pods and of the build arrive in any order. A pod that has not ended
// holds what it requested of the node, and would make the next build wait.
func (o *observation) ended() bool {
	if o.failure != "" {
		return true
	}
	done := 0
	for _, pod := range o.pods {
		if pod.workerEnded && pod.ended {
			done++
		}
	}
	return !o.moments.ReadySeen.IsZero() && done >= o.platforms
}

func later(moment *time.Time, candidate time.Time) {
	if candidate.After(*moment) {
		*moment = candidate
	}
}
