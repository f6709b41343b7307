// Command demo is the part of "make demo" that is a program.
//
//	demo live LOG DIR CMD...  an application: its handler prints every event of DIR while CMD runs, a Tee records them
//	demo tree LOG             prints the paths that are there at the end of a recording
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"fsrec/cmd/fsrec/internal/tree"
	"fsrec/recorder"
	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

func main() {
	err := errors.New("want live LOG DIR CMD... or tree LOG")
	switch args := os.Args[1:]; {
	case len(args) > 3 && args[0] == "live":
		err = runLive(args[1], args[2], args[3:])
	case len(args) == 2 && args[0] == "tree":
		err = printTree(args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
}

func runLive(logPath, dir string, command []string) (err error) {
	// Handlers are given absolute paths.
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	backend, err := live.New(live.Options{})
	if err != nil {
		return err
	}
	log, err := store.Create(logPath, backend.Header(), store.Options{})
	if err != nil {
		return err
	}
	tee := recorder.Tee(backend, log, recorder.Options{})
	wm := watcher.NewWatchManager(tee)
	out := bufio.NewWriter(os.Stdout)
	defer func() { err = errors.Join(err, wm.Close(), tee.Err(), log.Close(), out.Flush()) }()
	if _, err := wm.AddWatch(dir, event.IN_ALL_EVENTS, watcher.Recursive(), watcher.AutoAdd()); err != nil {
		return err
	}

	ctx, done := context.WithCancel(context.Background())
	defer done()
	last := filepath.Join(dir, "last")
	ran := make(chan error, 1)
	go func() {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Stderr = os.Stderr
		ran <- errors.Join(cmd.Run(), os.Mkdir(last, 0o755))
	}()
	err = watcher.NewNotifier(wm, watcher.HandlerFunc(func(ev *watcher.Event) error {
		if ev.Pathname == last {
			done()
		}
		_, err := fmt.Fprintln(out, ev)
		return err
	})).Run(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, <-ran)
}

func printTree(logPath string) (err error) {
	log, err := store.Open(logPath)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	t, err := tree.At(context.Background(), log)
	if err != nil {
		return err
	}
	for _, path := range t.Paths() {
		fmt.Println(path)
	}
	return nil
}
