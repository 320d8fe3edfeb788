package main

import (
	"context"
	"errors"
	"fmt"

	"kiln.build/cluster/internal/cluster"
	"kiln.build/cluster/internal/images"
)

// runImages builds Kiln's own images and offers them in the registry of the running cluster.
func runImages(ctx context.Context, args []string) error {
	if err := parse(flags("images"), args); err != nil {
		return err
	}
	options, err := imageOptions()
	if err != nil {
		return err
	}
	current, status, err := clusterWithRegistry()
	if err != nil {
		return err
	}
	references, err := images.BuildAndPush(ctx, options, current.Cluster, status.Registry)
	if err != nil {
		return err
	}
	for _, name := range []string{images.Operator, images.Worker, images.BuildKit} {
		fmt.Println(references[name])
	}
	return nil
}

// clusterWithRegistry is the cluster to push to.
func clusterWithRegistry() (*cluster.Cluster, *cluster.Status, error) {
	current, err := currentCluster()
	if err != nil {
		return nil, nil, err
	}
	status, err := current.Status()
	if err != nil {
		return nil, nil, err
	}
	if status.State != cluster.Running || status.Registry == "" {
		return nil, nil, errors.New("the cluster " + current.Name + " has no running registry to push to: start it with `kiln cluster up`")
	}
	return current, status, nil
}
