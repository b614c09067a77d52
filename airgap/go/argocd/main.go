// Command argocd is the part of Argo CD that its core installation runs, in one binary.
//
// Upstream's main also switches off gRPC's SRV lookups, which only its grpclb balancer switches on; that balancer is
// not linked here, so there is nothing to switch off (and trying to panics).
//
// The name it is called by chooses the program, as upstream's own binary does. The user interface, the API
// server, dex and the command line client are left out: core does not start them. The one command of the client
// that core needs, `argocd admin redis-initial-password` of an init container, is in redis.go.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/util/log"
)

var programs = map[string]func() *cobra.Command{
	common.CommandApplicationController:    controller.NewCommand,
	common.CommandApplicationSetController: applicationset.NewCommand,
	common.CommandRepoServer:               reposerver.NewCommand,
	common.CommandGitAskPass:               askpass.NewCommand,
	common.CommandCLI:                      newClientCommand,
}

func init() {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
}

// newClientCommand holds what core's manifests call `argocd` for, under the path they call it by.
func newClientCommand() *cobra.Command {
	client := &cobra.Command{Use: common.CommandCLI, SilenceUsage: true}
	admin := &cobra.Command{Use: "admin", Short: "Commands that work on the cluster directly"}
	admin.AddCommand(newRedisPasswordCommand())
	client.AddCommand(admin, newVersionCommand())
	return client
}

func newVersionCommand() *cobra.Command {
	version := &cobra.Command{Use: "version", Short: "Print the version", Run: func(*cobra.Command, []string) {
		fmt.Printf("argocd: %s\n", common.GetVersion())
	}}
	version.Flags().Bool("client", true, "accepted and without effect: there is no server here to ask")
	version.Flags().Bool("short", true, "accepted and without effect")
	return version
}

func main() {
	name := filepath.Base(os.Args[0])
	if chosen := os.Getenv("ARGOCD_BINARY_NAME"); chosen != "" {
		name = chosen
	}
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s is not part of this build of Argo CD, which holds what its core installation runs: "+
			"application controller, ApplicationSet controller, repo server, git-ask-pass\n", name)
		os.Exit(2)
	}
	if err := program().Execute(); err != nil {
		os.Exit(1)
	}
}
