package main

import (
	"context"

	"k8s.io/client-go/informers"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo/nri"
)

// newEngine wires upstream's judgement of NetworkPolicies to the informers.
//
// A pod is found by its address from the container runtime first: that knows a sandbox before its containers run,
// the API server hears of the address only later.
func newEngine(ctx context.Context, nodeName string, factory informers.SharedInformerFactory) (*networkpolicy.PolicyEngine, error) {
	pods := factory.Core().V1().Pods()
	namespaces := factory.Core().V1().Namespaces()
	byStatus, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return nil, err
	}
	resolvers := []podinfo.IPResolver{byStatus}
	if bySandbox, err := nri.NewNRIResolver(ctx, nodeName, nil); err != nil {
		klog.Warningf("pod addresses come from the API server alone, the container runtime's interface failed: %v", err)
	} else {
		resolvers = []podinfo.IPResolver{bySandbox, byStatus}
	}
	policies := networkpolicy.NewStandardNetworkPolicy(
		nodeName, namespaces, pods, factory.Networking().V1().NetworkPolicies())
	known := podinfo.NewInformerProvider(pods, namespaces, nil, resolvers)
	return networkpolicy.NewPolicyEngine(known, []api.PolicyEvaluator{policies}), nil
}
