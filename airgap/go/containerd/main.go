// Command containerd is containerd, ctr and the runc shim in one binary; the name it is called by chooses.
//
// The CRI plugin, the overlay and native snapshotters and what they need are compiled in; btrfs, zfs,
// devmapper and erofs are not.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	"github.com/containerd/containerd/v2/cmd/containerd/command"
	ctr "github.com/containerd/containerd/v2/cmd/ctr/app"
	"github.com/containerd/containerd/v2/pkg/shim"
	"github.com/urfave/cli/v2"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "containerd-shim-runc-v2":
		shim.Run(context.Background(), manager.NewShimManager("io.containerd.runc.v2"))
	case "ctr":
		run(name, ctr.New())
	default:
		run("containerd", command.App())
	}
}

func run(name string, app *cli.App) {
	if err := app.Run(os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, err)
		os.Exit(1)
	}
}
