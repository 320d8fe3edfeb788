package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"kiln.build/cluster/internal/kubectl"
)

const (
	// redrawEvery is how often the seconds of the live display move.
	redrawEvery = 120 * time.Millisecond
	// retryAfter is the pause before a watch or a log that ended early is opened again.
	retryAfter = 500 * time.Millisecond
	// maxLogLine bounds what is kept of a line of a worker's log.
	maxLogLine = 64 << 10
)

// follower shows an ImageBuild until the requested run ends.
type follower struct {
	kubectl   kubectl.Client
	namespace string
	name      string
	request   request
	screen    *screen
}

type written struct{ pod, text string }

// follow returns the ImageBuild as it is when the requested run has ended.
func (f follower) follow(ctx context.Context, deadline time.Duration) (*build, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, deadline, fmt.Errorf("the build did not end within %s", deadline))
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	statuses, logs := make(chan *build), make(chan written)
	running.Go(func() { f.watch(ctx, statuses) })
	followed := map[string]bool{}
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	var current view
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-ticker.C:
		case line := <-logs:
			current = current.withLog(line.pod, line.text)
		case b := <-statuses:
			if f.request.answers(b) {
				current = current.with(b)
			}
			if f.request.finished(b) {
				f.screen.show(current, time.Now())
				return b, nil
			}
			for _, pod := range current.following() {
				if !followed[pod] {
					followed[pod] = true
					running.Go(func() { f.log(ctx, pod, logs) })
				}
			}
		}
		f.screen.show(current, time.Now())
	}
}

// watch sends every state of the ImageBuild; a watch that ends early is opened again.
func (f follower) watch(ctx context.Context, statuses chan<- *build) {
	for ctx.Err() == nil {
		// What went wrong shows itself again in the next attempt, and the deadline of the whole ends it.
		_ = f.kubectl.Stream(ctx, func(output io.Reader) error {
			decoder := json.NewDecoder(output)
			for {
				b := new(build)
				if err := decoder.Decode(b); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				if !send(ctx, statuses, b) {
					return nil
				}
			}
		}, "get", "imagebuild.kiln.build", f.name, "--namespace", f.namespace, "--output=json", "--watch")
		pause(ctx, retryAfter)
	}
}

// log sends the lines of a worker's log. A worker that does not run yet has none: asked again.
func (f follower) log(ctx context.Context, pod string, logs chan<- written) {
	for opened := false; ctx.Err() == nil && !opened; pause(ctx, retryAfter) {
		_ = f.kubectl.Stream(ctx, func(output io.Reader) error {
			scanner := bufio.NewScanner(output)
			scanner.Buffer(nil, maxLogLine)
			for scanner.Scan() {
				opened = true
				if text := scanner.Text(); strings.TrimSpace(text) != "" && !send(ctx, logs, written{pod: pod, text: text}) {
					return nil
				}
			}
			return scanner.Err()
		}, "logs", pod, "--namespace", f.namespace, "--container=worker", "--follow")
	}
}

func send[T any](ctx context.Context, channel chan<- T, value T) bool {
	select {
	case channel <- value:
		return true
	case <-ctx.Done():
		return false
	}
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
