package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	coreinformers "k8s.io/client-go/informers/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// nodeNetwork keeps this node's pod network as the nodes of the cluster say: its own address range in the CNI
// configuration, a route to the range of every other node, and masquerade for what leaves the cluster.
type nodeNetwork struct {
	settings
	lister  corelisters.NodeLister
	changed chan struct{}
	routes  map[string]string // destination range -> gateway, as installed by us
}

func newNodeNetwork(chosen settings) *nodeNetwork {
	return &nodeNetwork{settings: chosen, changed: make(chan struct{}, 1), routes: map[string]string{}}
}

func (network *nodeNetwork) watch(nodes coreinformers.NodeInformer) error {
	network.lister = nodes.Lister()
	_, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { network.wake() },
		UpdateFunc: func(any, any) { network.wake() },
		DeleteFunc: func(any) { network.wake() },
	})
	return err
}

func (network *nodeNetwork) wake() {
	select {
	case network.changed <- struct{}{}:
	default:
	}
}

// resync applies every change of the nodes, and everything again after each interval: others may flush routes or rules.
func (network *nodeNetwork) resync(ctx context.Context, interval time.Duration) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-network.changed:
		case <-time.After(interval):
		}
		if err := network.apply(ctx); err != nil {
			klog.Errorf("pod network of node %s: %v", network.nodeName, err)
			time.AfterFunc(time.Second, network.wake)
		}
	}
}

func (network *nodeNetwork) apply(ctx context.Context) error {
	nodes, err := network.lister.List(labels.Everything())
	if err != nil {
		return err
	}
	wanted := map[string]string{}
	for _, node := range nodes {
		if node.Name == network.nodeName {
			if err := network.applyOwn(ctx, node); err != nil {
				return err
			}
			continue
		}
		addRoutes(wanted, node)
	}
	return network.applyRoutes(wanted)
}

func (network *nodeNetwork) applyOwn(ctx context.Context, node *v1.Node) error {
	if len(node.Spec.PodCIDRs) == 0 {
		klog.Infof("node %s has no pod address range yet", node.Name)
		return nil
	}
	if err := installMasquerade(ctx, network.podSubnets); err != nil {
		return err
	}
	return writeConfiguration(network.cniFolder, node.Spec.PodCIDRs, uplinkMTU())
}

// addRoutes pairs each pod range of a node with the node's address of the same family.
func addRoutes(wanted map[string]string, node *v1.Node) {
	for _, podRange := range node.Spec.PodCIDRs {
		_, subnet, err := net.ParseCIDR(podRange)
		if err != nil {
			continue
		}
		for _, address := range node.Status.Addresses {
			gateway := net.ParseIP(address.Address)
			if address.Type == v1.NodeInternalIP && gateway != nil && (gateway.To4() == nil) == (subnet.IP.To4() == nil) {
				wanted[subnet.String()] = gateway.String()
			}
		}
	}
}

func (network *nodeNetwork) applyRoutes(wanted map[string]string) error {
	for subnet, gateway := range wanted {
		route, err := newRoute(subnet, gateway)
		if err != nil {
			return err
		}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("route to %s by %s: %w", subnet, gateway, err)
		}
		network.routes[subnet] = gateway
	}
	for subnet, gateway := range network.routes {
		if _, keep := wanted[subnet]; keep {
			continue
		}
		if route, err := newRoute(subnet, gateway); err == nil {
			_ = netlink.RouteDel(route) // it may be gone already
		}
		delete(network.routes, subnet)
	}
	return nil
}

func newRoute(subnet, gateway string) (*netlink.Route, error) {
	_, destination, err := net.ParseCIDR(subnet)
	if err != nil {
		return nil, err
	}
	return &netlink.Route{Dst: destination, Gw: net.ParseIP(gateway)}, nil
}

// uplinkMTU is that of the interface with the default route: pods must not send larger packets than the node can.
func uplinkMTU() int {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return 0
	}
	for _, route := range routes {
		if route.Dst != nil && !route.Dst.IP.IsUnspecified() {
			continue
		}
		if link, err := netlink.LinkByIndex(route.LinkIndex); err == nil {
			return link.Attrs().MTU
		}
	}
	return 0
}
