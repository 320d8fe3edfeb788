package demo

import (
	"fmt"
	"io"
	"strings"

	"kiln.build/cluster/internal/kubectl"
)

// explain writes why a build failed and where to read on.
func explain(out io.Writer, b *build, client kubectl.Client) {
	ready := b.condition("Ready")
	reason := ready.Reason
	failed := b.Status.Failure
	if failed != nil {
		reason = failed.Reason
	}
	where := ""
	if failed != nil && failed.Platform != "" {
		where = " on " + clean(failed.Platform)
	}
	fmt.Fprintf(out, "The build failed%s: %s\n", where, clean(reason))
	for _, line := range strings.Split(ready.Message, "\n") {
		if line = clean(line); line != "" {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
	if failed != nil {
		explainStep(out, failed)
	}
	fmt.Fprintln(out)
	if pod := podOf(b); pod != "" {
		fmt.Fprintf(out, "The whole log:      %s logs --namespace %s %s --container worker\n", client.Command(), kubectl.Quote(b.Metadata.Namespace), kubectl.Quote(pod))
	}
	fmt.Fprintf(out, "Everything else:    %s describe --namespace %s imagebuild %s\n", client.Command(), kubectl.Quote(b.Metadata.Namespace), kubectl.Quote(b.Metadata.Name))
}

func explainStep(out io.Writer, failed *failure) {
	if failed.Step != "" {
		fmt.Fprintf(out, "  step:       %s\n", clean(failed.Step))
	}
	if failed.Location != "" {
		fmt.Fprintf(out, "  at:         %s\n", clean(failed.Location))
	}
	if failed.ExitCode != nil {
		fmt.Fprintf(out, "  exit code:  %d\n", *failed.ExitCode)
	}
	if tail := strings.TrimRight(failed.LogTail, "\n"); strings.TrimSpace(tail) != "" {
		fmt.Fprintln(out, "  last lines:")
		for _, line := range strings.Split(tail, "\n") {
			fmt.Fprintf(out, "  | %s\n", clean(line))
		}
	}
}

// podOf is the worker pod whose log tells about the failure.
func podOf(b *build) string {
	for _, p := range b.Status.Platforms {
		if p.State == "Failed" && (b.Status.Failure == nil || b.Status.Failure.Platform == "" || b.Status.Failure.Platform == p.Platform) {
			return p.PodName
		}
	}
	return ""
}
