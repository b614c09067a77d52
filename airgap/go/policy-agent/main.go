// Command policy-agent is the pod network of a node: addresses, routes, masquerade and NetworkPolicies.
//
// It plays the part of kindnetd in a node image that is built from source. The judgement of policies is upstream's
// (sigs.k8s.io/kube-network-policies); this program asks it about the first packet of every forwarded connection,
// which one iptables rule hands over through NFQUEUE. It needs nothing but the API server, which may come up later.
package main

import (
	"context"
	"flag"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

type settings struct {
	nodeName   string
	podSubnets []string
	endpoint   string
	cniFolder  string
	readyFile  string
	queue      uint
}

func readSettings() settings {
	var found settings
	var subnets string
	flag.StringVar(&found.nodeName, "node", os.Getenv("NODE_NAME"), "name of this node")
	flag.StringVar(&subnets, "pod-subnet", os.Getenv("POD_SUBNET"), "pod subnets of the cluster, separated by commas")
	flag.StringVar(&found.endpoint, "control-plane", os.Getenv("CONTROL_PLANE_ENDPOINT"),
		"host:port of the API server; the service address if empty")
	flag.StringVar(&found.cniFolder, "cni-folder", "/etc/cni/net.d", "where the CNI configuration is written")
	flag.StringVar(&found.readyFile, "ready-file", "/run/policy-agent.ready", "exists while policies are enforced")
	flag.UintVar(&found.queue, "queue", 100, "number of the NFQUEUE")
	klog.InitFlags(nil)
	flag.Parse()
	for _, subnet := range strings.Split(subnets, ",") {
		if subnet = strings.TrimSpace(subnet); subnet != "" {
			found.podSubnets = append(found.podSubnets, subnet)
		}
	}
	return found
}

func main() {
	chosen := readSettings()
	_ = os.Remove(chosen.readyFile)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, chosen); err != nil {
		klog.Fatalf("policy-agent on node %s: %v", chosen.nodeName, err)
	}
}

func run(ctx context.Context, chosen settings) error {
	clients, err := newClientset(chosen.endpoint)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithTransform(withoutManagedFields))
	nodes := newNodeNetwork(chosen)
	if err := nodes.watch(factory.Core().V1().Nodes()); err != nil {
		return err
	}
	engine, err := newEngine(ctx, chosen.nodeName, factory)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	go nodes.resync(ctx, 30*time.Second)
	return enforce(ctx, engine, chosen)
}

// withoutManagedFields saves the memory of what nobody here reads.
func withoutManagedFields(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}

// newClientset speaks to the API server by its own address, so that it does not wait for kube-proxy.
//
// Protobuf is not only faster: it turns an empty rule list into none, which is what the engine takes for "deny all".
func newClientset(endpoint string) (*kubernetes.Clientset, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	if _, _, err := net.SplitHostPort(endpoint); err == nil {
		config.Host = "https://" + endpoint
	}
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.UserAgent = "policy-agent"
	return kubernetes.NewForConfig(config)
}
