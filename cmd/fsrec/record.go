package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/recorder"
	"fsrec/store"
	"fsrec/watcher/event"
)

const recordDescription = `Watches DIR..., and the directories below, and keeps everything that the kernel
says in LOG until Ctrl-C, a limit, or the end of CMD. DIR may be a file too.
Prints a line that begins with "ready" on standard error once nothing can be
missed.

With -- CMD the watches are placed, CMD runs with fsrec's input and output, and
the recording ends when every event that CMD caused is in. Ctrl-C then is CMD's,
and so is the terminal: without CMD it shows how the recording stands.

EXAMPLES:
   fsrec record ~/project                      until Ctrl-C, into log.db
   fsrec record -o build.db . -- make -j4      what a build does
   fsrec record --keep-on-failure --force -o flaky.db . -- go test ./...
   fsrec record -e create,delete,move --exclude .git --duration 10m /srv
   fsrec record -o - /tmp | head -100          the text form on standard output

EXIT CODES:
   0 recorded; 2 trouble, such as a DIR that cannot be watched or a full disk.
   With -- CMD: CMD's own status, 128+N if signal N ended it, 126 if it cannot
   be run, 127 if there is no such command; 2 if the recording failed.`

type record struct {
	capture
	log           string
	duration      time.Duration
	count         uint64
	maxSize       uint64
	keepOnFailure bool
	noSnapshot    bool
	comment       string
	force         bool
	flush         time.Duration
	host          bool

	command []string // the words of CMD, nil without
	program string   // the file of CMD
	signals chan os.Signal
	warned  int    // failures that were told when the watches were placed
	earlier string // the log that was at LOG, until it is known whether the new one is kept
	status  *term.Status
}

func recordCommand() *cli.Command {
	r := &record{status: term.NewStatus(os.Stderr), signals: make(chan os.Signal, 8)}
	return &cli.Command{
		Name:        "record",
		Usage:       "record what happens in directories",
		UsageText:   "fsrec record [flags] DIR... [-- CMD ARGS...]",
		Description: recordDescription,
		Action:      r.run,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "log.db", Usage: "write `LOG`; - for the text form on standard output", Destination: &r.log},
			&cli.BoolFlag{Name: "force", Usage: "replace LOG if it exists", DisableDefaultText: true, Destination: &r.force},
			durationFlag(&r.duration, "duration", "end after `TIME`, such as 90, 1.5 or 2m30s"),
			countFlag(&r.count, "count", "end after `N` events"),
			sizeFlag(&r.maxSize, "max-size", "end when LOG has `SIZE`, such as 10MB"),
			&cli.BoolFlag{Name: "keep-on-failure", Usage: "keep LOG only if CMD fails; with --force an earlier LOG stays until then", DisableDefaultText: true, Destination: &r.keepOnFailure},
			&cli.BoolFlag{Name: "no-snapshot", Usage: "leave out what was in the directories at the start", DisableDefaultText: true, Destination: &r.noSnapshot},
			&cli.StringFlag{Name: "comment", Usage: "keep `TEXT` in the header", Destination: &r.comment},
			&cli.BoolFlag{Name: "host", Usage: "keep the name of this host in the header", DisableDefaultText: true, Destination: &r.host},
			durationFlag(&r.flush, "flush-interval", "lose at most the last `TIME` if fsrec is killed (default 200ms)"),
		}, r.flags()...),
	}
}

func (r *record) run(c *cli.Context) error {
	if err := r.arguments(c); err != nil {
		return err
	}
	logPath, err := r.checkLog()
	if err != nil {
		return err
	}
	backend, err := r.open(logPath...)
	if err != nil {
		return err
	}
	defer backend.Close()
	if r.flush == 0 {
		r.flush = 200 * time.Millisecond
	}
	signal.Notify(r.signals, endSignals...)
	defer signal.Stop(r.signals)
	r.abandonAt(func() bool { return len(r.signals) > 0 })
	// Made before the watches are placed: what making a file does to its
	// directory must not be in the recording.
	out, err := r.create(backend.Header())
	if err != nil {
		return err
	}
	watches, failed, err := r.add(backend, !r.noSnapshot)
	if err == nil && len(r.signals) > 0 {
		err = errors.New("interrupted before the watches were placed: nothing is recorded")
	}
	if err == nil {
		err = out.SetHeader(r.header(backend.Header()))
	}
	if err != nil {
		return errors.Join(err, out.Abort())
	}
	r.noteUntold(r.status, backend)
	warnFailed(r.status, failed)
	r.warned = len(failed)
	rec := recorder.New(backend, out, recorder.Options{
		Duration: r.duration, Count: r.count, MaxSize: int64(r.maxSize), Size: out.Size, Grace: grace(),
	})
	return r.finish(out, rec, watches)
}

// grace bounds how long the end of a recording waits for its last events, 0 for the recorder's own bound.
func grace() time.Duration {
	if here == event.Windows {
		return closingGrace
	}
	return 0
}

// arguments takes the command line apart and checks it.
func (r *record) arguments(c *cli.Context) error {
	dirs := c.Args().Slice()
	if i := slices.Index(dirs, "--"); i >= 0 {
		dirs, r.command = dirs[:i], dirs[i+1:]
		if len(r.command) == 0 {
			return errors.New("nothing to run after --: name a command, or leave out the --")
		}
	}
	switch {
	case len(dirs) == 0:
		return errors.New("record needs a directory: fsrec record DIR... [-- CMD ARGS...]")
	case r.keepOnFailure && r.command == nil:
		return errors.New("--keep-on-failure needs -- CMD, whose failure it waits for")
	case r.log == "-" && r.command != nil:
		return errors.New("-o - and -- CMD contradict each other: both would write to standard output")
	case r.log == "-" && r.force:
		return errors.New("-o - and --force contradict each other: there is no file to replace")
	case r.log == "-" && r.maxSize > 0:
		return errors.New("-o - and --max-size contradict each other: only a file has a size")
	case r.log == "":
		return errors.New("-o needs the name of a file")
	}
	if err := r.prepare(dirs, func(format string, args ...any) { r.status.Printf("fsrec: "+format, args...) }); err != nil {
		return err
	}
	return r.findProgram()
}

// findProgram looks for CMD before anything is recorded, with the exit codes of
// env(1) where it cannot be run.
func (r *record) findProgram() error {
	if r.command == nil {
		return nil
	}
	var err error
	r.program, err = exec.LookPath(r.command[0])
	switch {
	case err == nil || errors.Is(err, exec.ErrDot):
		return nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return exitStatus{127, fmt.Errorf("cannot run %s: no such command%s", event.Quote(r.command[0]), builtinHint())}
	}
	return exitStatus{126, fmt.Errorf("cannot run %s: %w", event.Quote(r.command[0]), plain(errors.Unwrap(err)))}
}

// builtinHint is for those who look for a file called dir.exe.
func builtinHint() string {
	if here == event.Windows {
		return "; what is built into cmd.exe needs cmd /c"
	}
	return ""
}

// checkLog refuses to overwrite, and gives the absolute path of the log.
func (r *record) checkLog() ([]string, error) {
	if r.log == "-" {
		return r.outputPath(), nil
	}
	if err := refuseExisting(r.log, r.force); err != nil {
		return nil, err
	}
	abs, err := absolute(r.log)
	if err != nil {
		return nil, err
	}
	paths := []string{abs}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		if real := filepath.Join(dir, filepath.Base(abs)); real != abs {
			paths = append(paths, real)
		}
	}
	if target, err := filepath.EvalSymlinks(abs); err == nil && !slices.Contains(paths, target) {
		paths = append(paths, target)
	}
	if r.keepOnFailure {
		paths = append(paths, aside(abs))
	}
	return paths, nil
}

// aside is where the log at path waits while it is not known whether another takes its place.
func aside(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".earlier")
}

// setAside keeps the log that --force would replace, for remove.
func (r *record) setAside() error {
	if !r.keepOnFailure || !r.force {
		return nil
	}
	link := aside(r.log)
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := os.Link(r.log, link)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.earlier = link
	}
	return err
}

// refuseExisting fails if there is something at path that must not be replaced.
func refuseExisting(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return logError("write", path, err)
	case info.IsDir():
		return fmt.Errorf("%s is a directory: name a file", event.Quote(path))
	case !force:
		return fmt.Errorf("%s already exists: name another file, or replace it with --force", event.Quote(path))
	}
	return nil
}

func (r *record) header(h event.Header) event.Header {
	h.Tool = "fsrec " + version()
	h.Comment = r.comment
	h.Exclude = r.patterns()
	h.Command = r.command
	h.Invocation = append([]string{"fsrec"}, os.Args[1:]...)
	h.Flush = r.flush.String()
	if r.host {
		h.Host, _ = os.Hostname()
	}
	return h
}

func (r *record) create(h event.Header) (sink, error) {
	if r.log == "-" {
		return &textSink{w: os.Stdout}, nil
	}
	if err := r.setAside(); err != nil {
		return nil, logError("keep", r.log, err)
	}
	w, err := store.Create(r.log, r.header(h), store.Options{Force: r.force, FlushInterval: r.flush})
	if err != nil {
		r.dropEarlier()
		return nil, logError("write", r.log, err)
	}
	return w, nil
}

// finish records to the end, says what became of it, and gives the exit code.
func (r *record) finish(out sink, rec *recorder.Recorder, watches int) error {
	type result struct {
		summary recorder.Summary
		err     error
	}
	defer r.dropEarlier()
	started := time.Now()
	done := make(chan result, 1)
	over := make(chan struct{})
	go func() {
		summary, err := rec.Run(context.Background())
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
		done <- result{summary, err}
		close(over)
	}()
	to := r.log
	if r.log == "-" {
		to = "standard output"
	}
	r.status.Printf("ready: %s, recording to %s", count(watches, "watch"), to)
	var code int
	var runErr error
	if r.command != nil {
		var reason string
		reason, code, runErr = r.runCommand()
		rec.StopStatus(reason, code)
	} else {
		r.wait(rec, over, started)
	}
	end := <-done
	r.status.Clear()
	if runErr != nil {
		return exitStatus{126, errors.Join(runErr, out.Abort(), r.remove())}
	}
	if end.err != nil {
		return r.lost(end.err)
	}
	if r.keepOnFailure && code == 0 {
		r.status.Printf("fsrec: %s succeeded: %s not kept", r.command[0], to)
		return r.remove()
	}
	r.summarize(end.summary, out.Size(), time.Since(started), to)
	if code != 0 {
		return exitStatus{code: code}
	}
	return nil
}

// remove takes a finished log away, and puts back the one that it replaced.
func (r *record) remove() error {
	if r.log == "-" {
		return nil
	}
	if r.earlier != "" {
		return os.Rename(r.earlier, r.log)
	}
	return os.Remove(r.log)
}

// dropEarlier forgets the log that was replaced, if it is still there.
func (r *record) dropEarlier() {
	if r.earlier != "" {
		_ = os.Remove(r.earlier) // remove may have put it back
	}
}

// wait shows the status line until the recording is over or a signal ends it.
func (r *record) wait(rec *recorder.Recorder, over <-chan struct{}, started time.Time) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	rate := rateMeter{at: started}
	blind := false
	for {
		select {
		case <-over:
			return
		case <-r.signals:
			signal.Stop(r.signals) // the next one kills
			rec.Stop("signal")
			<-over
			return
		case <-tick.C:
			stats := rec.Stats()
			if !blind && stats.Records > 0 && stats.Watches == 0 {
				blind = true
				r.status.Printf("fsrec: note: nothing is watched any more: what was is gone; Ctrl-C ends the recording")
			}
			if r.status.On() {
				r.status.Set(statusText(stats, &rate))
			}
		}
	}
}
