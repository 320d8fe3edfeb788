package bench

import "time"

// Moments are the points in time of one build, all of them read from this machine's clock.
type Moments struct {
	// Submitted is when kubectl apply was started.
	Submitted time.Time
	// Created is when a watch saw the ImageBuild.
	Created time.Time
	// PodsCreated is when a watch had seen the pod of every platform.
	PodsCreated time.Time
	// WorkerStarted is the first instruction of the last worker to start, by its own account.
	WorkerStarted time.Time
	// DaemonReady is when the daemon of the last platform answered its worker.
	DaemonReady time.Time
	// Pushed is when the last platform was pushed, by its worker's account.
	Pushed time.Time
	// WorkersEnded is when a watch saw the last worker container terminated.
	WorkersEnded time.Time
	// TagWritten is when the registry wrote the tag, by the time of its file.
	TagWritten time.Time
	// ReadySeen is when a watch saw the condition Ready.
	ReadySeen time.Time
	// PodsEnded is when a watch saw that the last pod, BuildKit included, had ended.
	PodsEnded time.Time
}

// Phase is a named stretch of a build.
type Phase struct {
	Name string
	Of   func(Moments) time.Duration
}

// phases are what is told of a build with Kiln, in order.
var phases = []Phase{
	{"kubectl apply -> object seen", func(m Moments) time.Duration { return m.Created.Sub(m.Submitted) }},
	{"object seen -> pods created", func(m Moments) time.Duration { return m.PodsCreated.Sub(m.Created) }},
	{"pods created -> workers started", func(m Moments) time.Duration { return m.WorkerStarted.Sub(m.PodsCreated) }},
	{"workers started -> daemons ready", func(m Moments) time.Duration { return m.DaemonReady.Sub(m.WorkerStarted) }},
	{"daemons ready -> pushed", func(m Moments) time.Duration { return m.Pushed.Sub(m.DaemonReady) }},
	{"pushed -> end of workers seen", func(m Moments) time.Duration { return m.WorkersEnded.Sub(m.Pushed) }},
	{"end of workers seen -> tag written", func(m Moments) time.Duration { return m.TagWritten.Sub(m.WorkersEnded) }},
	{"tag written -> Ready seen", func(m Moments) time.Duration { return m.ReadySeen.Sub(m.TagWritten) }},
	{totalPhase, total},
	{"end of workers seen -> pods ended", func(m Moments) time.Duration { return m.PodsEnded.Sub(m.WorkersEnded) }},
}

const totalPhase = "total: kubectl apply -> tag written"

func total(m Moments) time.Duration { return m.TagWritten.Sub(m.Submitted) }
