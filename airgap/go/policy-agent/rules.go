package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"k8s.io/klog/v2"
)

const ruleDeadline = 20 * time.Second

// installQueueRule hands the first packet of every forwarded connection to the queue.
//
// The mangle table comes before kube-proxy's rules in the filter table and after its address translation, so the
// packet shows the pod that a service resolved to. IPv6 is best effort: not every node has it.
func installQueueRule(ctx context.Context, queue uint) error {
	rule := []string{"FORWARD", "-m", "conntrack", "--ctstate", "NEW", "-j", "NFQUEUE",
		"--queue-num", strconv.FormatUint(uint64(queue), 10), "--queue-bypass"}
	// A TCP packet without a known connection must not start one, or a connection that became forbidden
	// would be taken up again by its answering side.
	if err := os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_tcp_loose", []byte("0"), 0o644); err != nil {
		klog.Warningf("connections that become forbidden may live on: %v", err)
	}
	if err := ensureRule(ctx, "ip6tables", "mangle", rule); err != nil {
		klog.V(1).Infof("no policies for IPv6: %v", err)
	}
	return ensureRule(ctx, "iptables", "mangle", rule)
}

// installMasquerade gives packets that leave the cluster the address of the node.
func installMasquerade(ctx context.Context, podSubnets []string) error {
	for _, subnet := range podSubnets {
		program := "iptables"
		if strings.Contains(subnet, ":") {
			program = "ip6tables"
		}
		rule := []string{"POSTROUTING", "-s", subnet, "!", "-d", subnet, "-j", "MASQUERADE", "--random-fully"}
		if err := ensureRule(ctx, program, "nat", rule); err != nil {
			return err
		}
	}
	return nil
}

// ensureRule appends a rule (chain first) unless it is there.
func ensureRule(ctx context.Context, program, table string, rule []string) error {
	if iptables(ctx, program, table, "-C", rule) == nil {
		return nil
	}
	return iptables(ctx, program, table, "-A", rule)
}

func iptables(ctx context.Context, program, table, verb string, rule []string) error {
	limited, cancel := context.WithTimeout(ctx, ruleDeadline)
	defer cancel()
	arguments := append([]string{"-w", "10", "-t", table, verb}, rule...)
	output, err := exec.CommandContext(limited, program, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
