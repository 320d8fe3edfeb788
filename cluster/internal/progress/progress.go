// Package progress shows long steps while they run.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Start tells out that a long step goes on and for how long; done ends it. On a terminal one line counts the seconds, elsewhere a line
// every 15 s shows that the step still runs.
func Start(out io.Writer, step string) (done func(error)) {
	start := time.Now()
	interval, prefix, suffix := 15*time.Second, "", "\n"
	if terminal(out) {
		interval, prefix, suffix = time.Second, "\r\x1b[K", ""
	}
	show := func() { fmt.Fprintf(out, "%s%s ... %d s%s", prefix, step, int(time.Since(start).Seconds()), suffix) }
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		show()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				show()
			}
		}
	}()
	return func(err error) {
		close(stop)
		<-stopped
		outcome := "done after"
		if err != nil {
			outcome = "failed after"
		}
		fmt.Fprintf(out, "%s%s: %s %d s\n", prefix, step, outcome, int(time.Since(start).Seconds()))
	}
}

func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
