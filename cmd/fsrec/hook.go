package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"fsrec/cmd/fsrec/internal/words"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// hook is the command of --exec.
type hook struct {
	argv   []string
	path   string
	runs   int
	failed int
}

func newHook(line string) (*hook, error) {
	argv, err := words.Split(here, line)
	if err != nil {
		return nil, fmt.Errorf("--exec: %w", err)
	}
	if len(argv) == 0 {
		return nil, errors.New("--exec needs a command")
	}
	path, err := exec.LookPath(argv[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, fmt.Errorf("--exec: cannot run %s: %w%s", event.Quote(argv[0]), plain(errors.Unwrap(err)), builtinHint())
	}
	return &hook{argv: argv, path: path}, nil
}

// run runs the command once and waits for it. The event is in its environment
// only: no part of it is ever an argument or is read by a shell.
func (h *hook) run(ev *watcher.Event) error {
	cmd := exec.Command(h.argv[0], h.argv[1:]...)
	cmd.Path, cmd.Err = h.path, nil
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(),
		"FSREC_SEQ="+strconv.FormatUint(ev.Seq, 10),
		"FSREC_TIME="+string(event.AppendSeconds(nil, int64(ev.Time))),
		"FSREC_WD="+strconv.FormatInt(int64(ev.WD), 10),
		"FSREC_MASK="+ev.Maskname(),
		"FSREC_PATH="+ev.Path,
		"FSREC_NAME="+ev.Name,
		"FSREC_PATHNAME="+ev.Pathname,
		"FSREC_SRC_PATHNAME="+ev.SrcPathname,
		"FSREC_DIR="+strconv.FormatBool(ev.Dir),
		"FSREC_COOKIE="+strconv.FormatUint(uint64(ev.Cookie), 10),
		"FSREC_SYNTHETIC="+strconv.FormatBool(ev.Synthetic),
		"FSREC_INFERRED="+strconv.FormatBool(ev.Inferred),
		"FSREC_DIR_UNKNOWN="+strconv.FormatBool(ev.DirUnknown),
	)
	h.runs++
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		h.failed++
		return nil
	}
	if err != nil {
		return fmt.Errorf("--exec: cannot run %s for event %d: %w", event.Quote(h.argv[0]), ev.Seq, plain(err))
	}
	return nil
}

// outcome is exit code 1 if a run failed.
func (h *hook) outcome() error {
	if h == nil || h.failed == 0 {
		return nil
	}
	return exitStatus{exitDiffers, fmt.Errorf("%d of %s of %s failed", h.failed, count(h.runs, "run"), event.Quote(h.argv[0]))}
}
