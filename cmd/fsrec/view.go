package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/format"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// view is what the verbs that print events have in common.
type view struct {
	name      string // of the format
	json      bool
	printf    string
	timefmt   string
	noNewline bool
	only      event.Mask // 0 is all
	globs     cli.StringSlice
	stats     bool
	exec      string

	out      *bufio.Writer
	terminal bool
	colour   bool
	template *format.Template
	paths    *globs             // nil without --path
	hook     *hook              // nil without --exec
	step     func() error       // called after each event that was printed; nil without --step
	progress func(shown uint64) // nil for none
	number   bool               // records have no numbers yet
	// refused tells at once of a directory that appeared and cannot be watched; nil counts all that could not be, for the end.
	refused func(r *event.Record)

	overflows int
	keeps     string // what the kernel keeps events in
	failed    uint64 // paths that could not be watched
	shown     uint64
	writeErr  error
}

func (v *view) flags() []cli.Flag {
	known := &value{set: func(word string) error {
		v.name = word
		return orLike(format.Known(word), word, format.Names())
	}}
	return []cli.Flag{
		known.flag("format", "print in `FORMAT`: "+strings.Join(format.Names(), ", ")+" (default pyinotify on a terminal, else json)", "f"),
		jsonFlag(&v.json, "print one JSON object a line: the same as --format json"),
		&cli.StringFlag{Name: "printf", Usage: "print by `TEMPLATE`: see DIRECTIVES", Destination: &v.printf},
		&cli.StringFlag{Name: "timefmt", Usage: "print %T in `FORMAT`, as in strftime(3)", Destination: &v.timefmt},
		&cli.BoolFlag{Name: "no-newline", Usage: "end the template without a newline", DisableDefaultText: true, Destination: &v.noNewline},
		&cli.StringSliceFlag{Name: "path", Usage: "only events about paths that `GLOB` matches: **/*.go, *.o (repeatable)", Destination: &v.globs},
		&cli.BoolFlag{Name: "stats", Usage: "print a chart of the events at the end; nothing else without a format", DisableDefaultText: true, Destination: &v.stats},
		&cli.StringFlag{Name: "exec", Usage: "run `CMD` for each event, without a shell, with the event in its environment; nothing else is printed without a format", Destination: &v.exec},
	}
}

// errQuit ends a view before its end, with success.
var errQuit = errors.New("quit")

func (v *view) prepare(c *cli.Context, out *os.File) (err error) {
	if err := contradict(c, [2]string{"format", "printf"}, [2]string{"json", "printf"}, [2]string{"json", "format"}); err != nil {
		return err
	}
	if v.json {
		v.name = "json"
	}
	if !c.IsSet("printf") && (c.IsSet("timefmt") || v.noNewline) {
		return errors.New("--timefmt and --no-newline are for --printf, which is missing")
	}
	v.out = bufio.NewWriterSize(out, 64<<10)
	v.terminal, v.colour = term.Is(out), term.Colours(out)
	switch {
	case c.IsSet("printf"):
		end := "\n"
		if v.noNewline {
			end = ""
		}
		if v.template, err = format.ParseTemplate(v.printf, v.timefmt, end); err != nil {
			return fmt.Errorf("--printf: %w", err)
		}
	case v.name != "":
	case v.stats, v.exec != "":
		v.name = "none"
	case v.terminal:
		v.name = "pyinotify"
	default:
		v.name = "json"
	}
	if v.name == format.Text && (v.stats || v.exec != "") {
		return errors.New("--format text prints records and has no events for --stats and --exec: choose another format")
	}
	if c.IsSet("exec") {
		v.hook, err = newHook(v.exec)
	}
	return err
}

// setPaths reads the patterns of --path, which are for paths of a source with this header.
func (v *view) setPaths(h event.Header) (err error) {
	if patterns := v.globs.Value(); len(patterns) > 0 {
		if v.paths, err = newGlobs(h.Platform, patterns, h.Roots); err != nil {
			return fmt.Errorf("--path %w", err)
		}
	}
	return nil
}

// show prints what backend has to say, to its end.
func (v *view) show(ctx context.Context, backend event.Backend) error {
	header := backend.Header()
	v.keeps = "queue"
	if header.Platform == event.Windows {
		v.keeps = "buffer"
	}
	show := v.showEvents
	if v.name == format.Text {
		show = v.showRecords
	}
	err := show(ctx, flushing{backend, v}, header)
	if flushErr := v.flush(); v.writeErr == nil {
		v.writeErr = flushErr
	}
	if v.writeErr != nil {
		return fmt.Errorf("standard output: %w", plain(v.writeErr))
	}
	if errors.Is(err, errQuit) {
		err = nil
	}
	var handler *watcher.HandlerError
	if errors.As(err, &handler) {
		err = handler.Err
	}
	if err != nil {
		return err
	}
	return v.outcome()
}

// outcome is how a view ends that printed all there was.
func (v *view) outcome() error {
	if v.overflows > 0 {
		fmt.Fprintf(os.Stderr, "fsrec: warning: the kernel's %s was full %s: events are missing\n", v.keeps, count(v.overflows, "time"))
	}
	if v.failed > 0 {
		complain(errors.New("warning: " + notWatched(v.failed)))
	}
	return v.hook.outcome()
}

func (v *view) showEvents(ctx context.Context, backend event.Backend, header event.Header) error {
	// What could not be watched is told by unwatched.
	wm := watcher.NewWatchManager(backend, watcher.Adopt(), watcher.WithLog(slog.New(slog.DiscardHandler)))
	options := format.Options{
		Platform: header.Platform, Start: header.Start, Terminal: v.terminal, Colour: v.colour,
		IsDir: func(wd int32) bool {
			w, ok := wm.Watch(wd)
			return ok && w.Dir
		},
	}
	var printer format.Printer
	if v.template != nil {
		printer = v.template.Printer(options)
	} else {
		var err error
		if printer, err = format.New(v.name, options); err != nil {
			return err
		}
	}
	var stats *watcher.Stats
	if v.stats {
		stats = &watcher.Stats{}
	}
	var line []byte
	handler := watcher.HandlerFunc(func(ev *watcher.Event) error {
		if ev.Mask&event.IN_Q_OVERFLOW != 0 {
			v.overflows++
		} else if v.only != 0 && ev.Mask&v.only == 0 || v.paths != nil && !v.paths.match(ev.Pathname) && (ev.SrcPathname == "" || !v.paths.match(ev.SrcPathname)) {
			return nil
		}
		if stats != nil {
			if _, err := stats.HandleEvent(ev); err != nil {
				return err
			}
		}
		line = printer(line[:0], ev)
		return v.emit(line, ev)
	})
	err := watcher.NewNotifier(wm, handler).Run(ctx)
	if stats != nil && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, errQuit)) {
		if chart := stats.String(); chart != "" {
			io.WriteString(v.out, chart+"\n")
		}
	}
	return err
}

// emit writes what was printed of an event, or of a record where ev is nil.
func (v *view) emit(line []byte, ev *watcher.Event) error {
	if len(line) > 0 {
		if _, v.writeErr = v.out.Write(line); v.writeErr != nil {
			return v.writeErr
		}
	}
	v.shown++
	if v.progress != nil && v.shown&0xffff == 0 {
		v.progress(v.shown)
	}
	if v.hook != nil && ev != nil {
		if err := v.flush(); err != nil {
			return err
		}
		if err := v.hook.run(ev); err != nil {
			return err
		}
	}
	if v.step != nil {
		if err := v.flush(); err != nil {
			return err
		}
		return v.step()
	}
	return nil
}

func (v *view) flush() error { return v.out.Flush() }

// showRecords prints records in the text form: all of them, but the events that
// were not asked for.
func (v *view) showRecords(ctx context.Context, backend event.Backend, header event.Header) error {
	if _, err := event.NewTextWriter(v.out, &header); err != nil {
		return err
	}
	table := event.NewTable(header.Platform)
	var line []byte
	var seq uint64
	for batch, err := range event.Batches(ctx, backend) {
		if err != nil {
			return err
		}
		for i := range batch {
			r := &batch[i]
			if v.number {
				seq++
				r.Seq = seq
			}
			table.Apply(r)
			told := r.Kind == event.KindEvent || r.Kind == event.KindChange
			if told && !v.wantsRecord(table, header.Platform, r) {
				continue
			}
			line = append(event.AppendText(line[:0], r), '\n')
			if !told {
				if _, v.writeErr = v.out.Write(line); v.writeErr != nil {
					return v.writeErr
				}
			} else if err := v.emit(line, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *view) wantsRecord(table *event.Table, platform event.Platform, r *event.Record) bool {
	mask := r.Mask
	if r.Kind == event.KindChange {
		mask = changeEvents[r.Action()]
	} else if mask&event.IN_Q_OVERFLOW != 0 {
		return true
	}
	if v.only != 0 && mask&v.only == 0 {
		return false
	}
	if v.paths == nil {
		return true
	}
	w := table.Watch(r.WD)
	if w == nil {
		return false
	}
	path := w.Path()
	if r.Kind == event.KindEvent || w.Flags&event.FlagDir != 0 { // a change of a watched file holds its name
		path = platform.Join(path, r.Name)
	}
	return v.paths.match(path)
}

// changeEvents are the events that a change of Windows can be translated to.
var changeEvents = map[event.Action]event.Mask{
	event.FILE_ACTION_ADDED:            event.IN_CREATE,
	event.FILE_ACTION_REMOVED:          event.IN_DELETE,
	event.FILE_ACTION_MODIFIED:         event.IN_MODIFY | event.IN_ATTRIB,
	event.FILE_ACTION_RENAMED_OLD_NAME: event.IN_MOVED_FROM | event.IN_MOVE_SELF,
	event.FILE_ACTION_RENAMED_NEW_NAME: event.IN_MOVED_TO,
}

// unwatched counts or tells what could not be watched, or not any longer. A live
// failure to watch that no watch is the parent of was told when the watches were placed.
func (v *view) unwatched(r *event.Record) {
	switch {
	case v.refused == nil:
		v.failed++
	case r.M != 0 || r.Name == "read":
		v.refused(r)
	}
}

// flushing shows what was printed before the source is asked for more, which may wait.
type flushing struct {
	event.Backend
	v *view
}

func (f flushing) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	if f.v.writeErr = f.v.flush(); f.v.writeErr != nil {
		return nil, f.v.writeErr
	}
	to, err := f.Backend.Read(ctx, to)
	for i := range to {
		if r := &to[i]; r.Kind == event.KindFail {
			f.v.unwatched(r)
		}
	}
	return to, err
}

func (f flushing) Ready(ctx context.Context) (int, error) {
	if f.v.writeErr = f.v.flush(); f.v.writeErr != nil {
		return 0, f.v.writeErr
	}
	return f.Backend.Ready(ctx)
}
