package images

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/twins"
)

// Paths in an image of twins.
const (
	twinsFolder = "twins"
	copyTwins   = "copy-twins"
)

// Twins makes the image of a set of twins, or takes it from the cache. It is an ordinary image with one layer, for nodes of amd64; no
// daemon is needed to make it.
func Twins(ctx context.Context, root, cache string, set twins.Set, out io.Writer) (image Image, err error) {
	name := "twins-" + set.Name()
	folderKey, err := twins.Key(root, set)
	if err != nil {
		return Image{}, err
	}
	key, err := hashFiles(root, []string{"cluster/cmd/" + copyTwins}, folderKey)
	if err != nil {
		return Image{}, err
	}
	r := recipeOfOwn{name: name, key: key, content: filepath.Join(cache, "images", "own", name+"-"+key)}
	if image, ok := r.cached(); ok {
		return image, nil
	}
	done := progress.Start(out, "making the image kiln/"+name)
	defer func() { done(err) }()
	folder, err := twins.Make(ctx, root, filepath.Join(cache, "twins"), set)
	if err != nil {
		return Image{}, err
	}
	work, err := os.MkdirTemp("", "kiln-twins-image-")
	if err != nil {
		return Image{}, err
	}
	defer os.RemoveAll(work)
	files, err := twinsRoot(ctx, root, work, folder)
	if err != nil {
		return Image{}, err
	}
	content := registryStore{root: filepath.Join(work, "registry")}
	digest, err := publishTwins(content, blobStore{dir: filepath.Join(work, "blobs")}, "kiln/"+name, files)
	if err != nil {
		return Image{}, fmt.Errorf("write the image kiln/%s: %w", name, err)
	}
	return r.keep(content, digest)
}

// twinsRoot is the root file system of an image of twins.
func twinsRoot(ctx context.Context, root, work string, folder *twins.Folder) (*rootFS, error) {
	program := filepath.Join(work, copyTwins)
	compile := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "./cmd/"+copyTwins)
	compile.Dir = filepath.Join(root, "cluster")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=amd64", "GOWORK=off")
	if output, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile %s: %w\n%s", copyTwins, err, output)
	}
	r := newRootFS()
	for _, name := range slices.Sorted(maps.Keys(folder.Files)) {
		r.file(twinsFolder+"/"+name, int64(twins.Mode(name)), folder.Files[name])
	}
	return r, r.copyFile(program, copyTwins, 0o755)
}

func publishTwins(to registryStore, blobs blobStore, repository string, files *rootFS) (digest string, err error) {
	l, err := blobs.putLayer(files.writeTo)
	if err != nil {
		return "", err
	}
	l.By = copyTwins
	image, err := blobs.putImage("amd64", runtimeConfig{User: "65532:65532", Entrypoint: []string{"/" + copyTwins}, Env: []string{defaultPath}}, []layer{l})
	if err != nil {
		return "", err
	}
	top, err := blobs.put(mediaIndex, index{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{image.manifest}})
	if err != nil {
		return "", err
	}
	return top.Digest, to.addImage(blobs, repository, buildTag, top, []builtImage{image})
}
