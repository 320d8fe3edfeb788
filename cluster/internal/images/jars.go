package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kiln.build/cluster/internal/progress"
)

// Modules whose code goes into the images, in the order of their dependencies.
var modules = []string{"crds", "protocol", "registry", "worker", "operator"}

// packaged are the modules that are programs; their jars and libraries go into the images.
var packaged = []string{Operator, Worker}

// ensureJars runs Maven when the jars do not belong to the sources.
func ensureJars(ctx context.Context, options Options) error {
	sources := []string{"pom.xml", ".mvn"}
	for _, module := range modules {
		sources = append(sources, module+"/pom.xml", module+"/src/main")
	}
	key, err := hashFiles(options.Root, sources)
	if err != nil {
		return err
	}
	// The file says which jars came out of these sources.
	record := filepath.Join(options.Cache, "images", "jars", key)
	want, err := os.ReadFile(record)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if got, err := hashJars(options.Root); err == nil && got == string(want) {
		return nil
	}
	done := progress.Start(options.Out, "compiling the operator and the worker")
	err = runMaven(ctx, options)
	done(err)
	if err != nil {
		return err
	}
	got, err := hashJars(options.Root)
	if err != nil {
		return fmt.Errorf("Maven did not make what the images need: %w", err)
	}
	return writeWhole(record, []byte(got))
}

func hashJars(root string) (string, error) {
	var jars []string
	for _, name := range packaged {
		jars = append(jars, name+"/target/kiln-"+name+".jar", name+"/target/lib")
	}
	return hashFiles(root, jars)
}

func runMaven(ctx context.Context, options Options) error {
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return errors.New("Maven is missing. Install it: apt-get install --no-install-recommends maven")
	}
	// The tests and the formatter have their own command; here they would only make somebody wait.
	command := exec.CommandContext(ctx, maven, "--quiet", "--batch-mode", "--no-transfer-progress",
		"--projects", strings.Join(packaged, ","), "--also-make", "-Dmaven.test.skip=true", "-Dspotless.check.skip=true", "package")
	command.Dir = options.Root
	command.Env = append(os.Environ(), "JAVA_HOME="+options.JDK)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("mvn %s: %w\n%s", strings.Join(command.Args[1:], " "), err, output.String())
	}
	return nil
}

// projectVersion is the version that Maven gives everything.
func projectVersion(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "pom.xml"))
	if err != nil {
		return "", err
	}
	var project struct {
		Version string `xml:"version"`
	}
	if err := xml.Unmarshal(data, &project); err != nil {
		return "", fmt.Errorf("read the version in pom.xml: %w", err)
	}
	if project.Version == "" {
		return "", errors.New("pom.xml names no version")
	}
	return project.Version, nil
}

// hashFiles hashes names and contents of files, and of all files below folders, with the values.
func hashFiles(root string, paths []string, values ...string) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, strings.Join(values, "\n"))
	for _, path := range paths {
		err := filepath.WalkDir(filepath.Join(root, path), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			return hashFile(sum, root, file)
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

func hashFile(sum io.Writer, root, file string) error {
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return err
	}
	reader, err := os.Open(file)
	if err != nil {
		return err
	}
	defer reader.Close()
	info, err := reader.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(sum, "%s %o %d\n", relative, info.Mode().Perm(), info.Size())
	_, err = io.Copy(sum, reader)
	return err
}
