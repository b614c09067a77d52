// Command containerd is containerd and ctr in one binary; the name it is called by chooses.
//
// The CRI plugin, the overlay and native snapshotters and what they need are compiled in; btrfs, zfs, devmapper and
// erofs are not. The runc shim is in the folder shim.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/cmd/containerd/command"
	ctr "github.com/containerd/containerd/v2/cmd/ctr/app"
	"github.com/urfave/cli/v2"
)

func main() {
	if name := filepath.Base(os.Args[0]); name == "ctr" {
		run(name, ctr.New())
	} else {
		run("containerd", command.App())
	}
}

func run(name string, app *cli.App) {
	if err := app.Run(os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, err)
		os.Exit(1)
	}
}
