package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Repetitions says how often an example is built in every way.
type Repetitions struct {
	Examples []string
	Builds   int
}

// way is how an example is built, with what was measured.
type way struct {
	name    string
	moments []Moments
	// times are whole command lines of buildx; empty for Kiln.
	times []time.Duration
}

// Lua measures the whole cold build of Lua for two platforms: Kiln with acceleration and without, and buildx with QEMU.
func (b *Bench) Lua(ctx context.Context, builds int) (*Comparison, error) {
	return b.comparing(ctx, func(ctx context.Context, c *Comparison, events <-chan event) error {
		return b.lua(ctx, c, builds, events)
	})
}

func (b *Bench) lua(ctx context.Context, c *Comparison, builds int, events <-chan event) error {
	if err := b.pushQEMUImage(ctx); err != nil {
		return err
	}
	x, closed, err := b.newBuildx(ctx, qemuImage)
	if err != nil {
		return err
	}
	defer closed()
	e, err := b.example(ctx, exampleLua)
	if err != nil {
		return err
	}
	defer e.remove()
	commit, err := e.commit(ctx)
	if err != nil {
		return err
	}
	accelerated, plain := &way{name: "Kiln, accelerated"}, &way{name: "Kiln, QEMU alone"}
	whole, created, built := &way{name: "buildx, QEMU: create + build"}, &way{name: "buildx, QEMU: create, daemon ready"}, &way{name: "buildx, QEMU: build"}
	for i := range builds {
		for _, one := range []struct {
			way          *way
			acceleration string
		}{{accelerated, "On"}, {plain, "Off"}} {
			name := fmt.Sprintf("lua-%s-%d-%s", b.session, i, strings.ToLower(one.acceleration))
			if err := b.add(ctx, one.way, e.fresh(name, commit, platforms, one.acceleration), events); err != nil {
				return err
			}
		}
		if err := x.luaCold(ctx, e, commit, i, whole, created, built); err != nil {
			return errors.Join(err, x.remove(ctx))
		}
	}
	c.Build = e.title + ", for linux/amd64 and linux/arm64"
	c.add("Lua, two platforms, cold", accelerated, plain, whole, created, built)
	c.ratio("accelerated / buildx (create + build)", accelerated, whole, 0.2)
	c.ratio("accelerated / buildx (build alone)", accelerated, built, 0)
	c.ratio("accelerated / Kiln with QEMU alone", accelerated, plain, 0)
	return nil
}

func (x buildxClient) luaCold(ctx context.Context, e *example, commit string, number int, whole, created, built *way) error {
	create, err := x.create(ctx, "--bootstrap")
	if err != nil {
		return err
	}
	build, err := x.build(ctx, fmt.Sprintf("lua-%s-%d", x.bench.session, number), platforms, e.url+"#"+commit)
	if err != nil {
		return err
	}
	whole.times, created.times, built.times = append(whole.times, create+build), append(created.times, create), append(built.times, build)
	fmt.Fprintf(x.bench.Out, "  %s: %s + %s\n", whole.name, create.Round(time.Millisecond), build.Round(time.Millisecond))
	return x.remove(ctx)
}

// Emulation measures examples natively, under QEMU and accelerated, each build with a daemon that knows nothing.
func (b *Bench) Emulation(ctx context.Context, options Repetitions) (*Comparison, error) {
	return b.comparing(ctx, func(ctx context.Context, c *Comparison, events <-chan event) error {
		for _, name := range options.Examples {
			if err := b.emulation(ctx, c, name, options.Builds, events); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *Bench) emulation(ctx context.Context, c *Comparison, name string, builds int, events <-chan event) error {
	e, err := b.example(ctx, name)
	if err != nil {
		return err
	}
	defer e.remove()
	commit, err := e.commit(ctx)
	if err != nil {
		return err
	}
	native, qemu, accelerated := &way{name: "native (linux/amd64)"}, &way{name: "QEMU (linux/arm64)"}, &way{name: "accelerated (linux/arm64)"}
	for i := range builds {
		for _, one := range []struct {
			way                    *way
			platform, acceleration string
		}{{native, "linux/amd64", "Off"}, {qemu, "linux/arm64", "Off"}, {accelerated, "linux/arm64", "On"}} {
			run := e.fresh(fmt.Sprintf("%s-%s-%d-%s", name, b.session, i, shortName(one.way)), commit, []string{one.platform}, one.acceleration)
			if err := b.add(ctx, one.way, run, events); err != nil {
				return err
			}
		}
	}
	c.describe(name, e)
	c.add(name, native, qemu, accelerated)
	for _, pair := range [][2]*way{{qemu, native}, {accelerated, native}, {accelerated, qemu}} {
		label := name + ": " + shortName(pair[0]) + " / " + shortName(pair[1])
		c.ratio(label, pair[0], pair[1], 0)
		c.ratioInPod(label+", daemon ready -> pushed", pair[0], pair[1])
	}
	return nil
}

// Cache measures builds after a change of one line: Kiln's fresh workers with what they keep elsewhere, and buildx's standing daemon.
func (b *Bench) Cache(ctx context.Context, options Repetitions) (*Comparison, error) {
	return b.comparing(ctx, func(ctx context.Context, c *Comparison, events <-chan event) (err error) {
		x, closed, err := b.newBuildx(ctx, buildxImage)
		if err != nil {
			return err
		}
		defer closed()
		defer func() { err = errors.Join(err, x.remove(ctx)) }()
		if _, err := x.create(ctx, "--bootstrap"); err != nil {
			return err
		}
		for _, name := range options.Examples {
			if err := b.cache(ctx, c, x, name, options.Builds, events); err != nil {
				return err
			}
		}
		return nil
	})
}

// kept are what Kiln keeps in the ways that cache measures.
var kept = []struct {
	name, short string
	cache       map[string]any
	want        float64
}{
	{"registry cache", "registry", map[string]any{}, 3},
	{"cache volume", "volume", map[string]any{"mode": "Disabled", "volume": map[string]any{"size": "5Gi"}}, 1.5},
	{"cache volume and registry cache", "both", map[string]any{"volume": map[string]any{"size": "5Gi"}}, 0},
}

func (b *Bench) cache(ctx context.Context, c *Comparison, x buildxClient, name string, builds int, events <-chan event) error {
	e, err := b.example(ctx, name)
	if err != nil {
		return err
	}
	defer e.remove()
	standing := &way{name: "buildx, standing daemon"}
	ways := make([]*way, len(kept))
	for i := range kept {
		ways[i] = &way{name: "Kiln, " + kept[i].name}
	}
	native := []string{"linux/amd64"}
	for i := range builds + 1 {
		commit, err := e.commit(ctx)
		if err != nil {
			return err
		}
		for k, w := range ways {
			run := e.fresh(name+"-"+b.session+"-"+kept[k].short, commit, native, "Off")
			run.number, run.spec["cache"] = i+1, kept[k].cache
			if i == 0 {
				w = &way{name: w.name + " (filled, does not count)"}
			}
			if err := b.add(ctx, w, run, events); err != nil {
				return err
			}
		}
		took, err := x.build(ctx, name+"-"+b.session, native, e.url+"#"+commit)
		if err != nil {
			return err
		}
		if i > 0 {
			standing.times = append(standing.times, took)
		}
		fmt.Fprintf(b.Out, "  %s: %s\n", standing.name, took.Round(time.Millisecond))
	}
	c.describe(name, e)
	c.add(name+", one line changed", append(ways, standing)...)
	for k, w := range ways {
		c.ratio(name+": "+kept[k].name+" / standing daemon", w, standing, kept[k].want)
	}
	return nil
}

// comparing measures with everything ready for it, and removes what was created.
func (b *Bench) comparing(
	ctx context.Context, measure func(ctx context.Context, c *Comparison, events <-chan event) error,
) (comparison *Comparison, err error) {
	now, machine, err := b.begin()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.remove(context.WithoutCancel(ctx))) }()
	watching, events, stop, err := b.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	c := &Comparison{Date: now.UTC().Truncate(time.Second), Machine: machine}
	if err := measure(watching, c, events); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare has Kiln's images on the node, those of accelerated builds too, and sends what happens until stop is called.
func (b *Bench) prepare(ctx context.Context) (watching context.Context, events chan event, stop func(), err error) {
	watching, events, stop, err = b.watchBuilds(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	run := b.trivial(0, map[string]any{"acceleration": "On"})
	if _, err := b.kilnBuild(watching, run, events); err != nil {
		stop()
		return nil, nil, nil, fmt.Errorf("a first build with Kiln, for its images: %w", err)
	}
	return watching, events, stop, nil
}

// fresh is the first run of an ImageBuild of a commit.
func (e *example) fresh(name, commit string, platforms []string, acceleration string) kilnRun {
	return kilnRun{
		name: name, number: 1, platforms: platforms, accelerated: acceleration == "On",
		spec: map[string]any{
			"source":    map[string]any{"git": map[string]any{"url": e.url, "revision": commit}},
			"cache":     map[string]any{"mode": "Disabled"},
			"placement": map[string]any{"acceleration": acceleration},
		},
	}
}

func (b *Bench) add(ctx context.Context, w *way, run kilnRun, events <-chan event) error {
	moments, err := b.kilnBuild(ctx, run, events)
	if err != nil {
		return fmt.Errorf("%s: %w", run.name, err)
	}
	w.moments = append(w.moments, moments)
	fmt.Fprintf(b.Out, "  %s: %s\n", w.name, total(moments).Round(time.Millisecond))
	return nil
}

// inlineFiles are the files of an ImageBuild's inline source.
func inlineFiles(object []byte) (map[string]string, error) {
	var build struct {
		Spec struct {
			Source struct {
				Inline struct {
					Files map[string]string `json:"files"`
				} `json:"inline"`
			} `json:"source"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(object, &build); err != nil {
		return nil, fmt.Errorf("read an ImageBuild: %w", err)
	}
	if len(build.Spec.Source.Inline.Files) == 0 {
		return nil, errors.New("the ImageBuild has no inline files")
	}
	return maps.Clone(build.Spec.Source.Inline.Files), nil
}
