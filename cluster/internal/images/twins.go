package images

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/twins"
)

// twinsFolder is all that an image of twins has.
const twinsFolder = "twins"

// Twins makes the image of a set of twins, or takes it from the cache. It is an ordinary image with one layer, for nodes of amd64; no
// daemon is needed to make it.
func Twins(ctx context.Context, root, cache string, set twins.Set, out io.Writer) (image Image, err error) {
	name := "twins-" + set.Name()
	key, err := twins.Key(root, set)
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
	content := registryStore{root: filepath.Join(work, "registry")}
	digest, err := publishTwins(content, blobStore{dir: filepath.Join(work, "blobs")}, "kiln/"+name, folder)
	if err != nil {
		return Image{}, fmt.Errorf("write the image kiln/%s: %w", name, err)
	}
	return r.keep(content, digest)
}

func publishTwins(to registryStore, blobs blobStore, repository string, folder *twins.Folder) (digest string, err error) {
	files := newRootFS()
	for _, name := range slices.Sorted(maps.Keys(folder.Files)) {
		files.file(twinsFolder+"/"+name, int64(twins.Mode(name)), folder.Files[name])
	}
	l, err := blobs.putLayer(files.writeTo)
	if err != nil {
		return "", err
	}
	l.By = "twins " + folder.Set.Name()
	image, err := blobs.putImage("amd64", runtimeConfig{User: "65532:65532"}, []layer{l})
	if err != nil {
		return "", err
	}
	top, err := blobs.put(mediaIndex, index{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{image.manifest}})
	if err != nil {
		return "", err
	}
	return top.Digest, to.addImage(blobs, repository, buildTag, top, []builtImage{image})
}
