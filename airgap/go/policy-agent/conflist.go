package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

const configurationName = "10-gitops-harness.conflist"

// configuration is the CNI network of a node: point-to-point links, addresses from the node's own range, host ports.
func configuration(podRanges []string, mtu int) ([]byte, error) {
	ranges := make([][]map[string]string, 0, len(podRanges))
	routes := make([]map[string]string, 0, len(podRanges))
	for _, podRange := range podRanges {
		ranges = append(ranges, []map[string]string{{"subnet": podRange}})
		everywhere := "0.0.0.0/0"
		if bytes.ContainsRune([]byte(podRange), ':') {
			everywhere = "::/0"
		}
		routes = append(routes, map[string]string{"dst": everywhere})
	}
	link := map[string]any{
		"type": "ptp", "ipMasq": false,
		"ipam": map[string]any{
			"type": "host-local", "dataDir": "/run/cni-ipam-state", "ranges": ranges, "routes": routes,
		},
	}
	if mtu > 0 {
		link["mtu"] = mtu
	}
	ports := map[string]any{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}}
	return json.MarshalIndent(map[string]any{
		"cniVersion": "0.4.0", "name": "gitops-harness", "plugins": []any{link, ports},
	}, "", "  ")
}

// writeConfiguration replaces the file in one step, and only if it differs: the runtime reloads on every change.
func writeConfiguration(folder string, podRanges []string, mtu int) error {
	content, err := configuration(podRanges, mtu)
	if err != nil {
		return err
	}
	path := filepath.Join(folder, configurationName)
	if present, err := os.ReadFile(path); err == nil && bytes.Equal(present, content) {
		return nil
	}
	draft := filepath.Join(folder, "."+configurationName+".draft")
	if err := os.WriteFile(draft, content, 0o644); err != nil {
		return err
	}
	return os.Rename(draft, path)
}
