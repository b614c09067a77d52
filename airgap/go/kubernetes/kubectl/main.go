// Command kubectl is kubectl alone, for the host: it starts faster than the binary that holds all of Kubernetes.
package main

import (
	"os"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // client authentication plugins
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	logs.GlogSetter(cmd.GetLogVerbosity(os.Args)) //nolint:errcheck // kubectl's own main ignores it too
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
