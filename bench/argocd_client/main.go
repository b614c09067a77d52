// Command argocd is Argo CD's own command line client, which the bundle leaves out: here it is measured against.
package main

import (
	"os"

	"k8s.io/klog/v2"

	"github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
	"github.com/argoproj/argo-cd/v3/util/log"
)

func main() {
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	if err := commands.NewCommand().Execute(); err != nil {
		os.Exit(1)
	}
}
