// Package network joins the network namespaces of a cluster's nodes with each other and with the machine.
//
// The machine gets one interface per cluster and nothing else: the bridge that joins the nodes lies in the namespace of the first one.
package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"

	"kiln.build/cluster/internal/process"
)

// bridge joins the nodes; uplink is the end of the machine's interface.
const (
	bridge = "kiln-br"
	uplink = "kiln-up"
)

// Node is a node as the network sees it.
type Node struct {
	Number    int
	Holder    int // process that holds its namespaces
	Address   string
	PodSubnet string
}

// ConnectMachine joins the first node to the machine.
func ConnectMachine(ctx context.Context, iface, machineAddress string, first Node) error {
	link := []string{
		fmt.Sprintf("link add %s type veth peer name %s netns %d", iface, uplink, first.Holder),
		fmt.Sprintf("address add %s/24 dev %s", machineAddress, iface),
		fmt.Sprintf("link set %s up", iface),
	}
	if err := run(ctx, 0, link); err != nil {
		return fmt.Errorf("connect the cluster to the machine: %w", err)
	}
	inside := []string{
		"link set lo up",
		fmt.Sprintf("link add %s address 02:00:0a:63:00:%02x type bridge", bridge, first.Number),
		fmt.Sprintf("link set %s master %s up", uplink, bridge),
		fmt.Sprintf("address add %s/24 dev %s", first.Address, bridge),
		fmt.Sprintf("link set %s up", bridge),
		fmt.Sprintf("route add default via %s", machineAddress),
	}
	if err := run(ctx, first.Holder, inside); err != nil {
		return fmt.Errorf("set up the cluster's network: %w", err)
	}
	return nil
}

// ConnectNode joins another node to the first one's bridge and tells all nodes of each other's pods. others includes the first.
func ConnectNode(ctx context.Context, node Node, machineAddress string, others []Node) error {
	port := port(node.Number)
	if err := run(ctx, others[0].Holder, []string{
		fmt.Sprintf("link add %s type veth peer name eth0 netns %d", port, node.Holder),
		fmt.Sprintf("link set %s master %s up", port, bridge),
	}); err != nil {
		return fmt.Errorf("connect node %d: %w", node.Number, err)
	}
	inside := []string{
		"link set lo up",
		fmt.Sprintf("address add %s/24 dev eth0", node.Address),
		"link set eth0 up",
		fmt.Sprintf("route add default via %s", machineAddress),
	}
	for _, other := range others {
		inside = append(inside, fmt.Sprintf("route add %s via %s", other.PodSubnet, other.Address))
		if err := run(ctx, other.Holder, []string{fmt.Sprintf("route replace %s via %s", node.PodSubnet, node.Address)}); err != nil {
			return fmt.Errorf("route to the pods of node %d: %w", node.Number, err)
		}
	}
	if err := run(ctx, node.Holder, inside); err != nil {
		return fmt.Errorf("set up the network of node %d: %w", node.Number, err)
	}
	return nil
}

// DisconnectNode removes a node from the first one's bridge, if it is still there: the kernel takes its time after the node's last process.
func DisconnectNode(ctx context.Context, number int, first Node) error {
	err := run(ctx, first.Holder, []string{"link delete " + port(number)})
	if err != nil && !strings.Contains(err.Error(), "Cannot find device") {
		return fmt.Errorf("disconnect node %d: %w", number, err)
	}
	return nil
}

func port(number int) string { return fmt.Sprintf("kiln-n%d", number) }

// Disconnect removes the machine's interface to a cluster, if it is still there.
func Disconnect(ctx context.Context, iface string) error {
	if _, err := os.Stat("/sys/class/net/" + iface); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	err := run(ctx, 0, []string{"link delete " + iface})
	if _, statErr := os.Stat("/sys/class/net/" + iface); errors.Is(statErr, os.ErrNotExist) {
		return nil // the kernel removed it meanwhile, with the namespace of its other end
	}
	if err != nil {
		return fmt.Errorf("remove the network interface %s: %w", iface, err)
	}
	return nil
}

// InUse lists the networks that the machine's interfaces are in.
func InUse() ([]netip.Prefix, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var networks []netip.Prefix
	for _, address := range addresses {
		if network, err := netip.ParsePrefix(address.String()); err == nil {
			networks = append(networks, network.Masked())
		}
	}
	return networks, nil
}

// run executes ip commands in the network namespace of the holder, 0 being the machine's own.
func run(ctx context.Context, holder int, commands []string) error {
	path, err := exec.LookPath("ip")
	if err != nil {
		return fmt.Errorf("find the program ip (apt-get install iproute2): %w", err)
	}
	entry := process.Entry{Path: path, Args: []string{"-batch", "-"}}
	if holder != 0 {
		entry.NetworkNamespace = fmt.Sprintf("/proc/%d/ns/net", holder)
	}
	child, err := entry.Command()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, child.Path, child.Args[1:]...)
	command.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("%w: %s\nof: %s", err, strings.TrimSpace(output.String()), strings.Join(commands, "; "))
	}
	return nil
}
