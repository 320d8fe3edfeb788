package node

import (
	"fmt"
	"os"
	"path/filepath"
)

// oldRuntime stands in front of runc and says of it what runc said before it could map the ids of mounts. containerd believes it, and the
// kubelet gives pods on the node no user namespaces.
const oldRuntime = `#!/bin/sh
if [ "$1" = features ]; then
	"%[1]s" features | sed 's/"idmap"/"later"/'
	exit
fi
exec "%[1]s" "$@"
`

// runtime is the program that starts containers.
func (c Config) runtime() string {
	if c.NoUserNamespaces {
		return c.path("runc")
	}
	return filepath.Join(c.Bin, "runc")
}

func (c Config) writeRuntime() error {
	if !c.NoUserNamespaces {
		return nil
	}
	return os.WriteFile(c.runtime(), fmt.Appendf(nil, oldRuntime, filepath.Join(c.Bin, "runc")), 0o755)
}
