package live

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fsrec/watcher/event"
)

// polled is a Poll under test with everything that it has delivered.
type polled struct {
	*Poll
	t       testing.TB
	records []event.Record // all, barriers left out
	buf     []event.Record
}

// polling gives a Poll that looks only when a barrier asks for it.
func polling(t testing.TB, opts Options) *polled {
	t.Helper()
	if opts.Interval == 0 {
		opts.Interval = time.Hour
	}
	n, err := NewPoll(opts)
	must(t, err)
	t.Cleanup(func() { must(t, n.Close()) })
	return &polled{Poll: n, t: t}
}

// watch fails the test if any path cannot be watched.
func (p *polled) watch(r event.WatchRequest) []event.WatchResult {
	p.t.Helper()
	results, err := p.Add(r)
	must(p.t, err)
	for _, r := range results {
		must(p.t, r.Err)
	}
	return results
}

// tree watches dir with all below it, now and later.
func (p *polled) tree(dir string) {
	p.t.Helper()
	p.watch(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
}

// sync reads what has happened until now, and returns what came since the last sync.
func (p *polled) sync() []event.Record {
	p.t.Helper()
	id, err := p.Barrier()
	must(p.t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	first := len(p.records)
	for {
		p.buf, err = p.Read(ctx, p.buf)
		must(p.t, err)
		for i := range p.buf {
			switch r := p.buf[i]; {
			case r.Kind != event.KindBarrier:
				p.records = append(p.records, r)
			case r.N == id && i == len(p.buf)-1:
				return p.records[first:]
			}
		}
	}
}

// story is one line for each record: paths relative to root, with slashes, in place of wds.
func (p *polled) story(root string, records []event.Record) string {
	table := event.NewTable(pollPlatform)
	rel := func(path string) string {
		switch rest, below := pollPlatform.Below(root, path); {
		case path == "":
			return "nowhere"
		case below && rest == "":
			return "."
		case below:
			return filepath.ToSlash(rest)
		}
		return path
	}
	var lines []string
	for i := range p.records {
		r := &p.records[i]
		if i >= len(p.records)-len(records) {
			lines = append(lines, storyLine(r, table.Watch(r.WD), rel))
		}
		table.Apply(r)
	}
	return strings.Join(lines, "\n")
}

func storyLine(r *event.Record, w *event.Watch, rel func(string) string) string {
	subject := "?"
	if w != nil {
		subject = rel(pollPlatform.Join(w.Path(), r.Name))
	}
	switch r.Kind {
	case event.KindEvent:
		line := r.Mask.String() + " " + subject
		if r.Flags&event.FlagSynthetic != 0 {
			line = "synthetic " + line
		}
		if w != nil && w.Lost() {
			line = "lost " + line
		}
		return line
	case event.KindWatch:
		return "watch " + rel(r.Path)
	case event.KindUnwatch:
		return "unwatch " + rel(r.Path) + " " + r.Name
	case event.KindMove:
		return "move " + rel(r.Src) + " to " + rel(r.Path)
	case event.KindEntry:
		return "entry " + subject
	case event.KindFail:
		return "fail " + r.Name + " " + rel(r.Path)
	}
	return r.Kind.String() + " " + r.Name
}

// expects syncs and compares what came with the lines of a story.
func (p *polled) expects(root string, lines ...string) {
	p.t.Helper()
	if got, want := p.story(root, p.sync()), strings.Join(lines, "\n"); got != want {
		p.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// must ends the test if a step of it failed.
func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func put(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

func dirs(t testing.TB, paths ...string) {
	t.Helper()
	for _, path := range paths {
		must(t, os.MkdirAll(path, 0o755))
	}
}
