package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// capture is what the verbs that watch a live file system have in common.
type capture struct {
	events        event.Mask
	exclude       cli.StringSlice
	excludeRegexp cli.StringSlice
	excludeFrom   cli.StringSlice
	noRecursive   bool
	noAutoAdd     bool
	buffer        uint64
	pause         time.Duration
	poll          time.Duration // 0 for the kernel's own watcher

	asked    bool       // events were asked for by name
	untold   event.Mask // those of them that this backend never tells of
	roots    []string   // absolute, each once
	excluded func(path string) bool
	drop     func(path string) bool
}

func (c *capture) flags() []cli.Flag {
	pause := &value{set: func(word string) (err error) {
		if c.pause, err = parseDuration(word); err != nil || c.pause < 0 {
			return errors.New("want a time, such as 2ms, or 0 for none")
		}
		if c.pause == 0 {
			c.pause = -1
		}
		return nil
	}}
	return []cli.Flag{
		maskFlag(&c.events, "only these `EVENTS`, such as create,delete,moved_to (repeatable; default all)"),
		&cli.StringSliceFlag{Name: "exclude", Usage: "ignore paths that `PATTERN` matches, and all below: **/build, *.o (repeatable)", Destination: &c.exclude},
		&cli.StringSliceFlag{Name: "exclude-regexp", Usage: "do not watch directories whose absolute path `REGEXP` matches from its beginning (repeatable)", Destination: &c.excludeRegexp},
		&cli.StringSliceFlag{Name: "exclude-from", Usage: "read such regular expressions from `FILE`, one a line", Destination: &c.excludeFrom},
		&cli.BoolFlag{Name: "no-recursive", Usage: "do not watch the directories that are below DIR at the start", DisableDefaultText: true, Destination: &c.noRecursive},
		&cli.BoolFlag{Name: "no-auto-add", Usage: "do not watch directories that appear later", DisableDefaultText: true, Destination: &c.noAutoAdd},
		sizeFlag(&c.buffer, "buffer", "size of one read of the kernel, in `BYTES` (default 256KiB; on Windows 64KiB, and what the kernel keeps)"),
		durationFlag(&c.poll, "poll", "look every `INTERVAL` instead of asking the kernel, which is not told of what others do on network and FUSE file systems"),
		pause.flag("pause", "wait for `TIME` after a large read, which saves work and merges events; 0 for never (default 2ms; not on Windows)"),
	}
}

// prepare checks everything that can be checked before anything happens.
func (c *capture) prepare(args []string, note func(format string, args ...any)) error {
	if c.asked = c.events != 0; !c.asked {
		c.events = event.IN_ALL_EVENTS
	}
	if c.events&event.IN_ALL_EVENTS == 0 {
		return fmt.Errorf("--events %v names only flags: add an event, such as IN_CREATE", c.events)
	}
	if c.buffer != 0 && (c.buffer < 4096 || c.buffer > 1<<30) {
		return fmt.Errorf("--buffer %d: want 4096 bytes to 1 GiB", c.buffer)
	}
	switch {
	case c.poll > 0 && c.buffer > 0:
		return errors.New("--poll and --buffer contradict each other: nothing is read from the kernel")
	case c.poll > 0 && c.pause != 0:
		return errors.New("--poll and --pause contradict each other: nothing is read from the kernel")
	case c.poll > 0 && c.poll < time.Millisecond:
		return fmt.Errorf("--poll %v: want 1ms at least", c.poll)
	}
	if c.pause > 0 && here == event.Windows {
		note("note: --pause does nothing on Windows, where no read waits")
	}
	if err := c.setRoots(args, note); err != nil {
		return err
	}
	if err := c.setExclude(); err != nil {
		return err
	}
	return c.probe()
}

func (c *capture) setRoots(args []string, note func(format string, args ...any)) error {
	for _, arg := range args {
		if arg == "" { // of a variable that is not set
			return errors.New(`cannot watch "": it names nothing, and . is the current directory`)
		}
		abs, err := absolute(arg)
		if err != nil {
			return err
		}
		if _, err := os.Stat(abs); err != nil {
			return live.Refusal(arg, err)
		}
		for _, other := range c.roots {
			switch {
			case same(other, abs):
				note("note: %s is given twice: it is watched once", event.Quote(arg))
			case !c.noRecursive && below(other, abs):
				note("note: %s is in %s: each directory is watched once", event.Quote(arg), event.Quote(other))
			case !c.noRecursive && below(abs, other):
				note("note: %s is in %s: each directory is watched once", event.Quote(other), event.Quote(abs))
			}
			if same(other, abs) {
				abs = ""
				break
			}
		}
		if abs != "" {
			c.roots = append(c.roots, abs)
		}
	}
	return nil
}

func (c *capture) setExclude() error {
	var filters []func(string) bool
	regexps, err := watcher.ExcludeRegexps(c.excludeRegexp.Value()...)
	if err != nil {
		return fmt.Errorf("--exclude-regexp: %w", err)
	}
	if len(c.excludeRegexp.Value()) > 0 {
		filters = append(filters, regexps)
	}
	for _, name := range c.excludeFrom.Value() {
		filter, err := watcher.ExcludeFile(name)
		if err != nil {
			return fmt.Errorf("--exclude-from: %w", err)
		}
		filters = append(filters, filter)
	}
	if patterns := c.exclude.Value(); len(patterns) > 0 {
		globs, err := newGlobs(here, patterns, c.roots)
		if err != nil {
			return fmt.Errorf("--exclude %w", err)
		}
		c.drop = globs.match
		filters = append(filters, c.drop)
	}
	if len(filters) > 0 {
		c.excluded = func(path string) bool {
			for _, f := range filters {
				if f(path) {
					return true
				}
			}
			return false
		}
	}
	return nil
}

// abandonAt makes the placing of watches end soon after stop begins to hold.
func (c *capture) abandonAt(stop func() bool) {
	excluded := c.excluded
	c.excluded = func(path string) bool { return stop() || excluded != nil && excluded(path) }
}

// probe asks the kernel about every root, so that a directory that cannot be
// watched is known before a log is made.
func (c *capture) probe() error {
	backend, err := c.watcher(live.Options{})
	if err != nil {
		return err
	}
	defer backend.Close()
	for _, root := range c.roots {
		if c.excluded != nil && c.excluded(root) {
			return fmt.Errorf("%s is excluded: nothing would be watched", event.Quote(root))
		}
		results, err := backend.Add(event.WatchRequest{Path: root, Mask: event.IN_DELETE_SELF})
		if err == nil {
			err = rootError(results, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open makes the backend; ignore are paths that must not appear in it.
func (c *capture) open(ignore ...string) (live.Backend, error) {
	return c.watcher(live.Options{Buffer: int(c.buffer), Pause: c.pause, Ignore: ignore, Drop: c.drop})
}

func (c *capture) watcher(opts live.Options) (live.Backend, error) {
	if c.poll > 0 {
		opts.Interval = c.poll
		return live.NewPoll(opts)
	}
	return live.New(opts)
}

// add places the watches. It fails if a root cannot be watched; what else could
// not be is returned.
func (c *capture) add(backend event.Backend, snapshot bool) (watches int, failed []error, err error) {
	seen := make(map[int32]bool)
	covered := make(map[string]bool)
	var done []string
	for _, root := range slices.SortedFunc(slices.Values(c.roots), func(a, b string) int { return len(a) - len(b) }) {
		if covered[here.Fold(root)] || c.native() && c.within(done, root) {
			continue
		}
		results, err := backend.Add(event.WatchRequest{
			Path: root, Mask: c.events, Snapshot: snapshot,
			Recursive: !c.noRecursive, AutoAdd: !c.noAutoAdd, Exclude: c.excluded,
		})
		if err == nil {
			err = rootError(results, root)
		}
		if err != nil {
			return 0, nil, err
		}
		for _, r := range results {
			c.untold |= r.Unrecorded & c.events
			if r.Err != nil {
				failed = append(failed, r.Err)
			} else if r.WD > 0 {
				seen[r.WD], covered[here.Fold(r.Path)] = true, true
			}
		}
		done = append(done, root)
	}
	if c.asked && c.untold == c.events&event.IN_ALL_EVENTS {
		return 0, nil, fmt.Errorf("--events %v: %s: name another event", c.untold, neverTold(backend))
	}
	return len(seen), failed, nil
}

// noteUntold says which events will not come, where they were asked for by name.
func (c *capture) noteUntold(status *term.Status, backend event.Backend) {
	if c.asked && c.untold != 0 {
		status.Printf("fsrec: note: no %v will come: %s", c.untold, neverTold(backend))
	}
}

func neverTold(backend event.Backend) string {
	teller := map[string]string{"rdcw": "Windows", "poll": "polling"}[backend.Header().Backend]
	return cmp.Or(teller, "this system") + " never tells of that"
}

// native reports whether one watch of the kernel is for a whole tree.
func (c *capture) native() bool { return here == event.Windows && c.poll == 0 && !c.noRecursive }

// within reports whether root is a directory in one of the trees of others. The
// kernel of Windows follows no link on the way.
func (c *capture) within(others []string, root string) bool {
	real, err := filepath.EvalSymlinks(root)
	info, statErr := os.Stat(root)
	if err != nil || statErr != nil || !info.IsDir() {
		return false
	}
	return slices.ContainsFunc(others, func(other string) bool {
		above, err := filepath.EvalSymlinks(other)
		return err == nil && below(above, real)
	})
}

func rootError(results []event.WatchResult, root string) error {
	for _, r := range results {
		if same(r.Path, root) && r.Err != nil {
			return r.Err
		}
	}
	return nil
}

// patterns are all exclude patterns, as the header keeps them.
func (c *capture) patterns() (all []string) {
	all = append(all, c.exclude.Value()...)
	for _, p := range c.excludeRegexp.Value() {
		all = append(all, "regexp:"+p)
	}
	for _, name := range c.excludeFrom.Value() {
		all = append(all, "from:"+name)
	}
	return all
}

// maxWarnings bounds how many failures are printed one by one.
const maxWarnings = 10

func warnFailed(status *term.Status, failed []error) {
	for i, err := range failed {
		if i == maxWarnings {
			status.Printf("fsrec: warning: %d more could not be watched", len(failed)-i)
			return
		}
		status.Printf("fsrec: warning: %v", err)
	}
}

// refusal is why a directory that appeared could not be watched, and what to do about it.
func refusal(op, path string, errno int64) error {
	err := &event.WatchError{Op: op, Path: path, Err: plain(syscall.Errno(errno))}
	if here == event.Linux && syscall.Errno(errno) == syscall.ENOSPC {
		err.Hint = live.UserWatches.Hint()
	}
	return err
}

func notWatched(paths uint64) string {
	return count(paths, "path") + " could not be watched: fsrec info lists them"
}
