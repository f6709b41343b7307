package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"fsrec/store"
)

// release is the version of a build that does not know a better one.
const release = "0.1.0"

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return release
}

func printVersion(w io.Writer) {
	fmt.Fprintf(w, "fsrec %s, log format %d, %s %s/%s\n", version(), store.FormatVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version, the log format and the platform",
		UsageText: "fsrec version",
		Description: `
EXIT CODES:
   0 always`,
		Action: func(c *cli.Context) error {
			if err := wantArgs(c, 0, 0, "no argument"); err != nil {
				return err
			}
			printVersion(os.Stdout)
			return nil
		},
	}
}
