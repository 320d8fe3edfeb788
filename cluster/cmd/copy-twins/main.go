// Command copy-twins is the only program that images of twins have for themselves: it copies the folder of twins into a volume, where
// the cluster cannot mount the image itself.
//
//	copy-twins DIRECTORY
package main

import (
	"errors"
	"fmt"
	"os"
)

const source = "/twins"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "copy-twins: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want one argument, the folder to copy to")
	}
	if err := os.CopyFS(args[0], os.DirFS(source)); err != nil {
		return fmt.Errorf("copy %s to %s: %w", source, args[0], err)
	}
	return nil
}
