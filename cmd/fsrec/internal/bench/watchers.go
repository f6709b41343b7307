//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fsrec/cmd/fsrec/internal/storm"
	"fsrec/store"
)

// watcher is a program that watches a directory until it is interrupted.
type watcher struct {
	name    string
	missing string // how to install it, if it is not there
	once    bool   // so slow that one run must do
	command func(root string) *exec.Cmd
	ready   string // it says this on standard error when it watches; empty: it says nothing
	output  string // where what it saw goes
	count   func() (events int, bytes int64, err error)
}

func fsrecRecord(fsrec, log string) watcher {
	return watcher{
		name:   "fsrec record",
		ready:  "ready",
		output: log,
		command: func(root string) *exec.Cmd {
			return exec.Command(fsrec, "record", "--force", "--no-snapshot", "-o", log, root)
		},
		count: func() (int, int64, error) {
			l, err := store.Open(log)
			if err != nil {
				return 0, 0, err
			}
			info, events := l.Info(), uint64(0)
			for _, mask := range storm.Life {
				events += info.Events[mask]
			}
			return int(events), info.Size, l.Close()
		},
	}
}

func inotifywait(output string) watcher {
	w := watcher{
		name:   "inotifywait -m -r -o FILE",
		ready:  "Watches established",
		output: output,
		command: func(root string) *exec.Cmd {
			return exec.Command("inotifywait", "-m", "-r", "-o", output, root)
		},
		count: func() (int, int64, error) { return lines(output) },
	}
	if _, err := exec.LookPath("inotifywait"); err != nil {
		w.missing = "install inotify-tools"
	}
	return w
}

func pyinotify(output string) watcher {
	python := "/usr/bin/python3"
	w := watcher{
		name:   "python3 -m pyinotify -f -r",
		once:   true,
		output: output,
		command: func(root string) *exec.Cmd {
			return exec.Command("sh", "-c", `exec "$0" -m pyinotify -f -r "$1" >"$2"`, python, root, output)
		},
		count: func() (int, int64, error) { return lines(output) },
	}
	if exec.Command(python, "-c", "import pyinotify").Run() != nil {
		w.missing = "install python3-pyinotify"
	}
	return w
}

// watch runs the watcher while a storm goes through a new directory in parent.
func (w watcher) watch(parent string, threads int) (result, error) {
	root, err := os.MkdirTemp(parent, "fsrec-bench")
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(root) }()
	_ = os.Remove(w.output)
	s := storm.Storm{Root: root, Dirs: 16, Files: files}
	if err := s.Prepare(); err != nil {
		return result{}, err
	}
	cmd := w.command(root)
	said, err := cmd.StderrPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	lines := bufio.NewScanner(said)
	for w.ready != "" && lines.Scan() && !strings.Contains(lines.Text(), w.ready) {
	}
	go func() {
		for lines.Scan() {
		}
	}()
	if w.ready == "" {
		// It is ready when it reports.
		err = w.settle(root)
	}
	start := time.Now()
	if err == nil {
		err = s.Run(threads)
	}
	took := time.Since(start)
	if err == nil && !strings.HasSuffix(w.output, ".db") {
		err = w.settle(root)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	if err != nil {
		return result{}, err
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	r := result{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), storm: took, resident: usage.Maxrss}
	r.delivered, r.bytes, err = w.count()
	return r, err
}

// settle makes files until the watcher reports one: it has then reported all that it will.
func (w watcher) settle(root string) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	call := fmt.Sprintf("settled-%d-", time.Now().UnixNano())
	for n := range 1200 {
		if err := os.WriteFile(filepath.Join(root, call+strconv.Itoa(n)), nil, 0o644); err != nil {
			return err
		}
		<-tick.C
		if end, err := tail(w.output); err == nil && bytes.Contains(end, []byte(call)) {
			return nil
		}
	}
	return fmt.Errorf("it reported nothing for two minutes")
}
