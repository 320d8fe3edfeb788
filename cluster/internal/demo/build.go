package demo

import (
	"strings"
	"time"
)

// build is what the demo reads of an ImageBuild.
type build struct {
	Metadata struct {
		Name       string `json:"name"`
		Namespace  string `json:"namespace"`
		Generation int64  `json:"generation"`
	} `json:"metadata"`
	Spec struct {
		Platforms []string `json:"platforms"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration   int64            `json:"observedGeneration"`
		Conditions           []condition      `json:"conditions"`
		Run                  run              `json:"run"`
		Platforms            []platformStatus `json:"platforms"`
		Image                string           `json:"image"`
		Tags                 []string         `json:"tags"`
		Failure              *failure         `json:"failure"`
		LastHandledRebuildAt string           `json:"lastHandledRebuildAt"`
	} `json:"status"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type run struct {
	Number         int       `json:"number"`
	Phase          string    `json:"phase"`
	StartTime      time.Time `json:"startTime"`
	CompletionTime time.Time `json:"completionTime"`
}

type platformStatus struct {
	Platform       string    `json:"platform"`
	State          string    `json:"state"`
	Mode           string    `json:"mode"`
	ModeReason     string    `json:"modeReason"`
	Attempt        int       `json:"attempt"`
	PodName        string    `json:"podName"`
	StartTime      time.Time `json:"startTime"`
	CompletionTime time.Time `json:"completionTime"`
	CachedSteps    int       `json:"cachedSteps"`
	TotalSteps     int       `json:"totalSteps"`
	Digest         string    `json:"digest"`
	Reason         string    `json:"reason"`
	Message        string    `json:"message"`
}

type failure struct {
	Platform string `json:"platform"`
	Reason   string `json:"reason"`
	Step     string `json:"step"`
	Location string `json:"location"`
	ExitCode *int   `json:"exitCode"`
	LogTail  string `json:"logTail"`
}

// request says which run of an ImageBuild is waited for.
type request struct {
	// after is the number of the last run before the request, 0 when there was none.
	after int
	// token asks for a rebuild; empty when the object is new.
	token string
}

// answers tells whether the status speaks of the requested run.
func (r request) answers(b *build) bool {
	return b.Status.ObservedGeneration == b.Metadata.Generation && b.Status.Run.Number > r.after &&
		(r.token == "" || b.Status.LastHandledRebuildAt == r.token)
}

// finished tells whether the requested run has ended, well or not.
func (r request) finished(b *build) bool { return r.answers(b) && b.is("Finished", "True") }

// succeeded tells whether a finished build has published its image.
func (b *build) succeeded() bool { return b.is("Ready", "True") }

func (b *build) is(kind, status string) bool { return b.condition(kind).Status == status }

func (b *build) condition(kind string) condition {
	for _, c := range b.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return condition{}
}

// clean makes text from a build safe to show on one line of a terminal: control characters become spaces.
func clean(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, text))
}

func isControl(r rune) bool {
	// C0, DEL and C1, and the marks that turn the direction of text around.
	return r < 0x20 || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}
