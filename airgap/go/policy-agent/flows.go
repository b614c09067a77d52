package main

import (
	"context"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// Changes come in bursts (a Deployment rolling, several policies applied at once); one look serves them all.
const settleTime = 200 * time.Millisecond

var families = map[netlink.InetFamily]v1.IPFamily{unix.AF_INET: v1.IPv4Protocol, unix.AF_INET6: v1.IPv6Protocol}

var protocols = map[uint8]v1.Protocol{
	unix.IPPROTO_TCP: v1.ProtocolTCP, unix.IPPROTO_UDP: v1.ProtocolUDP, unix.IPPROTO_SCTP: v1.ProtocolSCTP,
}

// recheckFlows applies changed policies to connections that exist already: what is no longer permitted is forgotten.
//
// A forgotten UDP flow is asked about again; a TCP packet without a flow is invalid, and kube-proxy drops those.
func recheckFlows(ctx context.Context, engine *networkpolicy.PolicyEngine, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settleTime):
		}
		for family := range families {
			forgetDenied(ctx, engine, family)
		}
	}
}

func forgetDenied(ctx context.Context, engine *networkpolicy.PolicyEngine, family netlink.InetFamily) {
	addresses, everything, err := engine.GetManagedIPs(ctx)
	if err != nil {
		klog.Errorf("which pods have policies: %v", err)
		return
	}
	managed := sets.New[string]()
	for _, address := range addresses {
		managed.Insert(address.String())
	}
	denied := flowFilter(func(flow *netlink.ConntrackFlow) bool {
		concerned := everything || managed.Has(flow.Forward.SrcIP.String()) || managed.Has(flow.Reverse.SrcIP.String())
		return concerned && deniedNow(ctx, engine, family, flow)
	})
	count, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, denied)
	if err != nil {
		klog.Errorf("looking through existing connections: %v", err)
	}
	if count > 0 {
		klog.Infof("%d existing connections are no longer permitted", count)
	}
}

// deniedNow judges a flow as its first packet would be judged today; after NAT the answering side is the destination.
func deniedNow(ctx context.Context, engine *networkpolicy.PolicyEngine, family netlink.InetFamily,
	flow *netlink.ConntrackFlow) bool {
	protocol, known := protocols[flow.Forward.Protocol]
	if !known {
		return false
	}
	permitted, err := engine.EvaluatePacket(ctx, &network.Packet{
		Family:  families[family],
		Proto:   protocol,
		SrcIP:   flow.Forward.SrcIP,
		SrcPort: int(flow.Forward.SrcPort),
		DstIP:   flow.Reverse.SrcIP,
		DstPort: int(flow.Reverse.SrcPort),
	})
	return err == nil && !permitted
}

type flowFilter func(*netlink.ConntrackFlow) bool

func (filter flowFilter) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool { return filter(flow) }
