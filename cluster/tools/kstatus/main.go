// Command kstatus prints what Flux, Helm and other tools of the kstatus family make of objects: one line per object of the YAML
// or JSON on standard input, with its name, its kstatus and kstatus' message, separated by tabs.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	objects := yaml.NewYAMLOrJSONDecoder(bufio.NewReader(in), 4096)
	for {
		var object unstructured.Unstructured
		err := objects.Decode(&object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read an object: %w", err)
		}
		result, err := status.Compute(&object)
		if err != nil {
			return fmt.Errorf("compute the status of %s: %w", object.GetName(), err)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", object.GetName(), result.Status, strings.Join(strings.Fields(result.Message), " "))
	}
}
