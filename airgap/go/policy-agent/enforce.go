package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/florianl/go-nfqueue/v2"
	"github.com/mdlayher/netlink"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// Addresses, ports and TCP flags of a packet lie in its first 128 bytes.
const headerBytes = 128

// enforce answers the kernel's questions until the context ends.
//
// Until the caches are filled, and whenever this program is not running, the rule lets packets pass
// (`--queue-bypass`): a node must be able to start without an API server.
func enforce(ctx context.Context, engine *networkpolicy.PolicyEngine, chosen settings) error {
	changed := make(chan struct{}, 1)
	engine.SetDataplaneSyncCallbacks(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	ready := func(context.Context) (bool, error) { return engine.Ready(), nil }
	if err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, ready); err != nil {
		return nil
	}
	queue, err := listen(ctx, engine, chosen.queue)
	if err != nil {
		return fmt.Errorf("opening NFQUEUE %d (does the kernel have nfnetlink_queue?): %w", chosen.queue, err)
	}
	defer queue.Close()
	if err := installQueueRule(ctx, chosen.queue); err != nil {
		return err
	}
	if err := os.WriteFile(chosen.readyFile, []byte("enforcing\n"), 0o644); err != nil {
		return err
	}
	klog.Infof("NetworkPolicies are enforced on node %s", chosen.nodeName)
	recheckFlows(ctx, engine, changed)
	return nil
}

func listen(ctx context.Context, engine *networkpolicy.PolicyEngine, number uint) (*nfqueue.Nfqueue, error) {
	queue, err := nfqueue.Open(&nfqueue.Config{
		NfQueue:      uint16(number),
		MaxPacketLen: headerBytes,
		MaxQueueLen:  4096,
		Copymode:     nfqueue.NfQnlCopyPacket,
		Flags:        nfqueue.NfQaCfgFlagGSO | nfqueue.NfQaCfgFlagFailOpen,
		WriteTimeout: 100 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	if err := queue.SetOption(netlink.NoENOBUFS, true); err != nil {
		klog.Warningf("the queue's socket may lose notices under load: %v", err)
	}
	answer := func(asked nfqueue.Attribute) int {
		if asked.PacketID == nil {
			return 0
		}
		verdict := nfqueue.NfDrop
		if asked.Payload == nil || allowed(ctx, engine, *asked.PacketID, *asked.Payload) {
			verdict = nfqueue.NfAccept
		}
		if err := queue.SetVerdict(*asked.PacketID, verdict); err != nil {
			klog.Errorf("verdict of packet %d: %v", *asked.PacketID, err)
		}
		return 0
	}
	failed := func(err error) int {
		if ctx.Err() == nil {
			klog.Errorf("reading the queue: %v", err)
		}
		return 0
	}
	return queue, queue.RegisterWithErrorFunc(ctx, answer, failed)
}

// allowed denies what the engine denies; a packet that cannot be read is dropped, it cannot be shown to be permitted.
func allowed(ctx context.Context, engine *networkpolicy.PolicyEngine, id uint32, payload []byte) bool {
	packet, err := network.ParsePacket(payload)
	if err != nil {
		klog.V(2).Infof("packet %d is unreadable and dropped: %v", id, err)
		return false
	}
	packet.ID = id
	verdict, err := engine.EvaluatePacket(ctx, &packet)
	if err != nil {
		klog.Errorf("packet %s: %v", packet.String(), err)
		return false
	}
	if klog.V(2).Enabled() {
		klog.Infof("%s %s:%d -> %s:%d allowed=%t", packet.Proto, packet.SrcIP, packet.SrcPort, packet.DstIP,
			packet.DstPort, verdict)
	}
	return verdict
}
